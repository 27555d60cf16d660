package dev.keybroker.postgres;

import io.quarkus.vertx.core.runtime.context.VertxContextSafetyToggle;
import io.smallrye.common.vertx.VertxContext;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.hibernate.HibernateException;
import org.hibernate.reactive.mutiny.Mutiny;
import org.jboss.logging.Logger;

/// Runs work in a Hibernate Reactive session of its own.
///
/// A session belongs to one Vert.x context and must not be shared; callers come from anywhere (many
/// items of one call, timers, other threads), so each work gets a new duplicated context. Results
/// arrive there.
@ApplicationScoped
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

  /// One read outside a transaction. Fails with [PostgresUnavailable] where PostgreSQL does not
  /// answer in time.
  public <T> Uni<T> read(Function<Mutiny.StatelessSession, Uni<T>> work) {
    return onOwnContext(() -> sessions.withStatelessSession(work), config.timeout());
  }

  /// One transaction, durable when it is confirmed ([DurableCommit]); rolled back where the work
  /// fails, with the work's own failure. A transaction that failed with [PostgresUnavailable] may
  /// yet have been committed.
  public <T> Uni<T> transaction(Function<Mutiny.StatelessSession, Uni<T>> work) {
    return onOwnContext(
        () ->
            sessions.withStatelessTransaction(
                session ->
                    session
                        .createNativeQuery(COMMIT_DURABLY, String.class)
                        .getSingleResult()
                        .chain(() -> work.apply(session))),
        config.transactionTimeout());
  }

  /// The time limit ends the wait, never the work: a transaction that is given up halfway would
  /// keep its connection and its locks.
  private <T> Uni<T> onOwnContext(Supplier<Uni<T>> work, Duration timeout) {
    return Uni.createFrom()
        .<T>emitter(
            emitter -> {
              Context context =
                  Objects.requireNonNull(
                      VertxContext.createNewDuplicatedContext(vertx.getOrCreateContext()));
              VertxContextSafetyToggle.setContextSafe(context, true);
              context.runOnContext(
                  ignored -> work.get().subscribe().with(emitter::complete, emitter::fail));
            })
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
