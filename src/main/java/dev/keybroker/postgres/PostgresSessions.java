package dev.keybroker.postgres;

import io.quarkus.vertx.core.runtime.context.VertxContextSafetyToggle;
import io.smallrye.common.vertx.VertxContext;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.hibernate.HibernateException;
import org.hibernate.reactive.mutiny.Mutiny;
import org.jboss.logging.Logger;

/// Runs each piece of work in its own Hibernate Reactive session.
///
/// A session belongs to one Vert.x context and must not be shared; callers run in any context (many
/// items of one call, timers, other threads), so each piece of work gets a new duplicated context.
/// Results arrive in that context.
@Singleton
public class PostgresSessions {
  private static final Logger LOG = Logger.getLogger(PostgresSessions.class);
  private static final String COMMIT_DURABLY = "select " + DurableCommit.IN_TRANSACTION;

  private final Mutiny.SessionFactory sessions;
  private final Vertx vertx;
  private final PostgresConfig config;

  PostgresSessions(Mutiny.SessionFactory sessions, Vertx vertx, PostgresConfig config) {
    this.sessions = sessions;
    this.vertx = vertx;
    this.config = config;
  }

  /// Waits for PostgreSQL's first answer, however long it takes. At a slow start, connecting and
  /// loading the classes of a first query can take longer than a read may.
  public Uni<Void> firstAnswer() {
    return onOwnContext(
            () ->
                sessions.withStatelessSession(
                    session ->
                        session.createNativeQuery("select 1", Integer.class).getSingleResult()))
        .replaceWithVoid();
  }

  /// Runs a read outside a transaction. Fails with [PostgresUnavailable] if PostgreSQL does not
  /// answer in time.
  public <T> Uni<T> read(Function<Mutiny.StatelessSession, Uni<T>> work) {
    return inTime(() -> sessions.withStatelessSession(work), config.timeout());
  }

  /// Runs a transaction, which is durable when confirmed ([DurableCommit]). If the work fails, it
  /// is rolled back and fails with the work's own failure. A transaction that failed with
  /// [PostgresUnavailable] may still have been committed.
  public <T> Uni<T> transaction(Function<Mutiny.StatelessSession, Uni<T>> work) {
    return inTime(
        () ->
            sessions.withStatelessTransaction(
                session ->
                    session
                        .createNativeQuery(COMMIT_DURABLY, String.class)
                        .getSingleResult()
                        .chain(() -> work.apply(session))),
        config.transactionTimeout());
  }

  private <T> Uni<T> onOwnContext(Supplier<Uni<T>> work) {
    return Uni.createFrom()
        .emitter(
            emitter -> {
              Context context =
                  Objects.requireNonNull(
                      VertxContext.createNewDuplicatedContext(vertx.getOrCreateContext()));
              VertxContextSafetyToggle.setContextSafe(context, true);
              context.runOnContext(
                  ignored -> work.get().subscribe().with(emitter::complete, emitter::fail));
            });
  }

  /// The time limit ends only the wait and not the work, because a transaction that is abandoned
  /// halfway would keep its connection and its locks.
  private <T> Uni<T> inTime(Supplier<Uni<T>> work, Duration timeout) {
    return onOwnContext(work)
        .ifNoItem()
        .after(timeout)
        .fail()
        .onFailure(PostgresSessions::isOfPostgres)
        .invoke(failure -> LOG.warnf("PostgreSQL does not answer: %s", failure))
        .onFailure(PostgresSessions::isOfPostgres)
        .transform(PostgresUnavailable::new);
  }

  private static boolean isOfPostgres(Throwable failure) {
    return failure instanceof HibernateException
        || failure instanceof jakarta.persistence.PersistenceException
        || failure instanceof io.vertx.core.VertxException
        || failure instanceof io.smallrye.mutiny.TimeoutException
        || failure instanceof java.util.concurrent.CompletionException
        || failure instanceof java.io.IOException
        || failure instanceof IllegalStateException;
  }
}
