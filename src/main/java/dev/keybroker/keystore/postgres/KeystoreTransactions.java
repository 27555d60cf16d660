package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.postgres.PostgresSessions;
import dev.keybroker.postgres.PostgresUnavailable;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.function.Function;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;

/// Reads and locked changes of keystores' rows.
@ApplicationScoped
class KeystoreTransactions {
  // Natively: Hibernate Reactive's stateless sessions cannot lock every entity.
  private static final String LOCK =
      "select id from keystore where tenant = :tenant and id = :keystore for update";

  private final PostgresSessions sessions;

  KeystoreTransactions(PostgresSessions sessions) {
    this.sessions = sessions;
  }

  <T> Uni<T> read(Function<StatelessSession, Uni<T>> work) {
    return sessions.read(work).onFailure(PostgresUnavailable.class).transform(this::unavailable);
  }

  <T> Uni<T> transaction(Function<StatelessSession, Uni<T>> work) {
    return sessions
        .transaction(work)
        .onFailure(PostgresUnavailable.class)
        .transform(this::unavailable);
  }

  /// With the keystore's row locked: changes of one keystore take turns.
  <T> Uni<T> locked(KeystoreName keystore, LockedWork<T> work) {
    return transaction(
        session ->
            session
                .createNativeQuery(LOCK, String.class)
                .setParameter("tenant", keystore.tenant())
                .setParameter("keystore", keystore.keystore())
                .getSingleResultOrNull()
                .chain(() -> row(session, keystore))
                .chain(
                    row ->
                        row == null
                            ? Uni.createFrom().failure(new KekFailure.UnknownKeystore(keystore))
                            : work.apply(session, row)));
  }

  static Uni<KeystoreEntity> row(StatelessSession session, KeystoreName keystore) {
    return session
        .createSelectionQuery(
            "from KeystoreEntity where tenant = :tenant and id = :keystore", KeystoreEntity.class)
        .setParameter("tenant", keystore.tenant())
        .setParameter("keystore", keystore.keystore())
        .getSingleResultOrNull();
  }

  private Throwable unavailable(Throwable failure) {
    return new KekFailure.StoreUnavailable();
  }

  /// What is done with a locked row.
  interface LockedWork<T> {
    Uni<T> apply(StatelessSession session, KeystoreEntity row);
  }
}
