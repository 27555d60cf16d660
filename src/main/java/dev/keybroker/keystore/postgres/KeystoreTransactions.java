package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KeystoreFailure;
import dev.keybroker.postgres.ClocksDisagree;
import dev.keybroker.postgres.PostgresSessions;
import dev.keybroker.postgres.PostgresUnavailable;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.util.function.Function;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;

/// Reads and locked changes of the rows of keystores and their KEKs.
@Singleton
class KeystoreTransactions {
  // A native query, because Hibernate Reactive's stateless sessions cannot lock every entity.
  private static final String LOCK =
      "select id from keystore where tenant = :tenant and id = :keystore for update";

  private final PostgresSessions sessions;

  KeystoreTransactions(PostgresSessions sessions) {
    this.sessions = sessions;
  }

  <T> Uni<T> read(Function<StatelessSession, Uni<T>> work) {
    return available(sessions.read(work));
  }

  <T> Uni<T> transaction(Function<StatelessSession, Uni<T>> work) {
    return available(sessions.transaction(work));
  }

  /// Runs the work with the keystore's row locked, so that changes of one keystore and its KEKs
  /// take turns.
  <T> Uni<T> locked(KeystoreName keystore, Function<StatelessSession, Uni<T>> work) {
    return transaction(
        session ->
            session
                .createNativeQuery(LOCK, String.class)
                .setParameter("tenant", keystore.tenant())
                .setParameter("keystore", keystore.keystore())
                .getSingleResultOrNull()
                .onItem()
                .ifNull()
                .failWith(() -> new KekFailure.UnknownKeystore(keystore))
                .chain(() -> work.apply(session)));
  }

  /// Like [#locked(KeystoreName, Function)], for work that needs the row itself.
  <T> Uni<T> locked(KeystoreName keystore, LockedWork<T> work) {
    return locked(
        keystore, session -> row(session, keystore).chain(row -> work.apply(session, row)));
  }

  /// Like [#locked(KeystoreName, LockedWork)], for a change that a keystore which is about to be
  /// deleted refuses. Fails with [KeystoreFailure.DeleteScheduled] then.
  <T> Uni<T> changing(KeystoreName keystore, LockedWork<T> work) {
    return locked(
        keystore,
        (session, row) ->
            row.deleteTime == null
                ? work.apply(session, row)
                : Uni.createFrom()
                    .failure(new KeystoreFailure.DeleteScheduled(keystore, row.deleteTime)));
  }

  static Uni<KeystoreEntity> row(StatelessSession session, KeystoreName keystore) {
    return session
        .createSelectionQuery(
            "from KeystoreEntity where tenant = :tenant and id = :keystore", KeystoreEntity.class)
        .setParameter("tenant", keystore.tenant())
        .setParameter("keystore", keystore.keystore())
        .getSingleResultOrNull();
  }

  private static <T> Uni<T> available(Uni<T> work) {
    return work.onFailure(PostgresUnavailable.class)
        .transform(failure -> new KekFailure.StoreUnavailable())
        .onFailure(ClocksDisagree.class)
        .transform(failure -> new KekFailure.ClockSkew());
  }

  /// The work that is done with a locked row.
  interface LockedWork<T> {
    Uni<T> apply(StatelessSession session, KeystoreEntity row);
  }
}
