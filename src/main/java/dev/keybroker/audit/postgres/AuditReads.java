package dev.keybroker.audit.postgres;

import dev.keybroker.access.Caller;
import dev.keybroker.audit.AuditFailure;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import io.smallrye.mutiny.subscription.UniEmitter;
import io.vertx.core.AsyncResult;
import io.vertx.core.Future;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Runs audit queries on a few reserved connections, so that even the heaviest query does not delay
/// reads of KEKs or commits of records. Each reader has one query at a time. PostgreSQL stops a
/// query when its time is over, and earlier if its caller is gone. Thread-safe.
final class AuditReads {
  /// The SQLSTATE of a statement that was cancelled by its timeout or by this side.
  private static final String QUERY_CANCELED = "57014";

  /// The SQLSTATE of a terminated session.
  private static final String ADMIN_SHUTDOWN = "57P01";

  private static final long CANCEL_RETRY_MILLIS = 250;

  private static final String END_SESSION =
      "rollback; select pg_terminate_backend(pg_backend_pid())";

  private static final String LIMITS =
      """
      select set_config('statement_timeout', $1, true),
        set_config('transaction_read_only', 'on', true)
      """;

  /// PostgreSQL stops a query itself. Beyond this additional time, no answer is expected.
  private static final Duration GRACE = Duration.ofSeconds(1);

  private final Pool pool;
  private final Duration timeout;
  private final Set<Object> reading = ConcurrentHashMap.newKeySet();

  AuditReads(Pool pool, Duration timeout) {
    this.pool = pool;
    this.timeout = timeout;
  }

  /// Runs a query of the broker's own, which waits for no reader's turn.
  Uni<RowSet<Row>> run(String sql, Tuple values) {
    return Uni.createFrom().deferred(() -> run(new Object(), sql, values));
  }

  Uni<RowSet<Row>> run(Caller reader, String sql, Tuple values) {
    return run((Object) reader, sql, values);
  }

  private Uni<RowSet<Row>> run(Object reader, String sql, Tuple values) {
    return Uni.createFrom()
        .<RowSet<Row>>emitter(
            emitter -> {
              if (reading.add(reader)) {
                new Query(reader, sql, values, emitter).begin();
              } else {
                emitter.fail(new AuditFailure.Busy());
              }
            })
        .ifNoItem()
        .after(timeout.plus(GRACE))
        .fail()
        .onFailure(failure -> !(failure instanceof AuditFailure))
        .transform(AuditReads::failure);
  }

  private static AuditFailure failure(Throwable failure) {
    return isCancelled(failure)
        ? new AuditFailure.TooLarge()
        : new AuditFailure.Unreadable(failure);
  }

  private static boolean isCancelled(@Nullable Throwable failure) {
    return hasState(failure, QUERY_CANCELED);
  }

  private static boolean hasState(@Nullable Throwable failure, String state) {
    return failure instanceof PgException postgres && state.equals(postgres.getSqlState());
  }

  /// A query. The reader's turn ends when the connection is free again, not when the reader stops
  /// waiting.
  private final class Query {
    private final Object reader;
    private final String sql;
    private final Tuple values;
    private final UniEmitter<? super RowSet<Row>> answer;
    private @Nullable SqlConnection running;
    private boolean abandoned;
    private boolean ended;

    Query(Object reader, String sql, Tuple values, UniEmitter<? super RowSet<Row>> answer) {
      this.reader = reader;
      this.sql = sql;
      this.values = values;
      this.answer = answer;
    }

    void begin() {
      answer.onTermination(this::abandon);
      pool.getConnection().onComplete(this::connected);
    }

    private void connected(AsyncResult<SqlConnection> connection) {
      if (connection.failed()) {
        end();
        answer.fail(connection.cause());
        return;
      }
      SqlConnection on = connection.result();
      if (isAbandonedBefore(on)) {
        on.close().onComplete(closed -> end());
        return;
      }
      on.begin()
          .compose(
              transaction ->
                  on.preparedQuery(LIMITS)
                      .execute(Tuple.of(Long.toString(Math.max(1, timeout.toMillis()))))
                      .compose(limited -> on.preparedQuery(sql).execute(values)))
          .onComplete(rows -> leave(on).onComplete(left -> answer(rows)));
    }

    private void answer(AsyncResult<RowSet<Row>> rows) {
      end();
      if (rows.succeeded()) {
        answer.complete(Objects.requireNonNull(rows.result()));
      } else {
        answer.fail(rows.cause());
      }
    }

    private synchronized boolean isAbandonedBefore(SqlConnection on) {
      running = abandoned ? null : on;
      return abandoned;
    }

    /// PostgreSQL signals a session that it cancels twice, and only after it has answered the
    /// request. A late signal would stop another query, so such a session is closed and its
    /// connection does not return to the pool. Otherwise the transaction is rolled back.
    private Future<Void> leave(SqlConnection on) {
      boolean isSignalled;
      synchronized (this) {
        running = null;
        isSignalled = abandoned;
      }
      if (!isSignalled) {
        return on.close();
      }
      on.exceptionHandler(ended -> {});
      return endSession(on);
    }

    private Future<Void> endSession(SqlConnection on) {
      return on.query(END_SESSION).execute().transform(answer -> sessionEnded(on, answer.cause()));
    }

    private Future<Void> sessionEnded(SqlConnection on, @Nullable Throwable failure) {
      if (isCancelled(failure)) {
        return endSession(on);
      }
      boolean goesOn = failure instanceof PgException && !hasState(failure, ADMIN_SHUTDOWN);
      return goesOn ? on.close() : Future.succeededFuture();
    }

    private void end() {
      synchronized (this) {
        if (ended) {
          return;
        }
        ended = true;
      }
      reading.remove(reader);
    }

    /// The caller is gone, or the answer has arrived.
    private void abandon() {
      synchronized (this) {
        if (ended || abandoned) {
          return;
        }
        abandoned = true;
      }
      cancel();
    }

    /// Repeats the request until the query has ended, because PostgreSQL ignores one that arrives
    /// between two statements.
    private void cancel() {
      SqlConnection on;
      synchronized (this) {
        on = running;
      }
      if (on != null) {
        PgConnection.cast(on).cancelRequest();
        var unused =
            Infrastructure.getDefaultWorkerPool()
                .schedule(this::cancel, CANCEL_RETRY_MILLIS, TimeUnit.MILLISECONDS);
      }
    }
  }
}
