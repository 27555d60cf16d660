package dev.keybroker.audit.postgres;

import dev.keybroker.postgres.DurableCommit;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The connection that records are committed on. It comes from a separate pool, so that commits and
/// the rest of the broker do not starve each other.
///
/// A connection that does not answer is abandoned and returns to the pool once it does. The next
/// call uses another one.
final class AuditConnection {
  /// Commits are durable whatever the server's default, and a statement that this side gave up also
  /// ends on the server.
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

  /// @param unsent the failure if there is no connection for a call
  <T> Future<T> call(
      Function<SqlConnection, Future<T>> work, Function<Throwable, Throwable> unsent) {
    Future<SqlConnection> open = connection();
    // On an open connection, the call need not wait for another event loop.
    Future<T> call =
        open.succeeded()
            ? work.apply(open.result())
            : open.compose(work, failure -> Future.failedFuture(unsent.apply(failure)));
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
        // PostgreSQL interprets 0 as no timeout.
        .execute(Tuple.of(Long.toString(Math.max(1, statementTimeout.toMillis()))))
        .map(fresh)
        .onFailure(failure -> fresh.close());
  }

  private synchronized void dropBroken() {
    if (connection != null && connection.isComplete()) {
      connection = null;
    }
  }

  /// Abandons the connection if it is open. One that is being opened is kept; otherwise a hanging
  /// server would accumulate one for each attempt.
  synchronized void abandon() {
    Future<SqlConnection> left = connection;
    if (left != null && left.succeeded()) {
      connection = null;
      lastCall.onComplete(answered -> left.result().close());
    }
  }
}
