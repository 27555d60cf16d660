package dev.keybroker.audit.postgres;

import dev.keybroker.postgres.DurableCommit;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The one connection that records are committed on, from a pool of their own, so that neither
/// starves the rest of the broker nor the other way round.
///
/// A connection that does not answer is left to itself and goes back to the pool once it does; the
/// next call takes another one.
final class AuditConnection {
  /// A commit is a commit, whatever the server's default; and what this side has given up ends on
  /// that side too.
  private static final String PREPARE =
      "select set_config('statement_timeout', $1, false), " + DurableCommit.IN_SESSION;

  private final Pool pool;
  private final Duration statementTimeout;
  private @Nullable Future<SqlConnection> connection;
  private Future<?> lastCall = Future.succeededFuture();

  AuditConnection(Pool pool, Duration statementTimeout) {
    this.pool = pool;
    this.statementTimeout = statementTimeout;
  }

  <T> Future<T> call(Function<SqlConnection, Future<T>> work) {
    return call(work, failure -> failure);
  }

  /// @param unsent the failure of a call for which there was no connection
  <T> Future<T> call(
      Function<SqlConnection, Future<T>> work, Function<Throwable, Throwable> unsent) {
    Future<T> call =
        connection().compose(work, failure -> Future.failedFuture(unsent.apply(failure)));
    synchronized (this) {
      lastCall = call;
    }
    return call;
  }

  private synchronized Future<SqlConnection> connection() {
    if (connection == null || connection.failed()) {
      connection = pool.getConnection().compose(this::prepared);
    }
    return connection;
  }

  private Future<SqlConnection> prepared(SqlConnection fresh) {
    fresh.closeHandler(closed -> dropBroken());
    return fresh
        .preparedQuery(PREPARE)
        // PostgreSQL takes 0 as no timeout at all.
        .execute(Tuple.of(Long.toString(Math.max(1, statementTimeout.toMillis()))))
        .map(fresh)
        .onFailure(failure -> fresh.close());
  }

  private synchronized void dropBroken() {
    if (connection != null && connection.isComplete()) {
      connection = null;
    }
  }

  /// Leaves the connection where it is open; one that is being opened stays, or a server that hangs
  /// would collect one for each attempt.
  synchronized void abandon() {
    Future<SqlConnection> left = connection;
    if (left != null && left.succeeded()) {
      connection = null;
      lastCall.onComplete(answered -> left.result().close());
    }
  }
}
