package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.postgres.PostgresSessions;
import dev.keybroker.postgres.PostgresUnavailable;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.util.function.Function;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;

/// Reads and locked changes of keystores' rows.
@ApplicationScoped
class KeystoreTransactions {
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
                .createSelectionQuery(
                    "from KeystoreEntity where tenant = :tenant and id = :keystore",
                    KeystoreEntity.class)
                .setParameter("tenant", keystore.tenant())
                .setParameter("keystore", keystore.keystore())
                .setLockMode(LockModeType.PESSIMISTIC_WRITE)
                .getSingleResultOrNull()
                .chain(
                    row ->
                        row == null
                            ? Uni.createFrom().failure(new KekFailure.UnknownKeystore(keystore))
                            : work.apply(session, row)));
  }

  private Throwable unavailable(Throwable failure) {
    return new KekFailure.StoreUnavailable();
  }

  /// What is done with a locked row.
  interface LockedWork<T> {
    Uni<T> apply(StatelessSession session, KeystoreEntity row);
  }
}
