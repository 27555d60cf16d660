package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.postgres.ClocksDisagree;
import dev.keybroker.postgres.PostgresSessions;
import dev.keybroker.postgres.PostgresUnavailable;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.function.Function;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;

/// Reads and locked changes of KEKs' rows.
@ApplicationScoped
class KekTransactions {
  // Natively: Hibernate Reactive's stateless sessions cannot lock every entity.
  private static final String LOCK =
      "select id from keystore where tenant = :tenant and id = :keystore for update";

  private final PostgresSessions sessions;

  KekTransactions(PostgresSessions sessions) {
    this.sessions = sessions;
  }

  <T> Uni<T> read(Function<StatelessSession, Uni<T>> work) {
    return available(sessions.read(work));
  }

  <T> Uni<T> transaction(Function<StatelessSession, Uni<T>> work) {
    return available(sessions.transaction(work));
  }

  /// With the row of the KEKs' keystore locked: changes within one keystore take turns.
  <T> Uni<T> locked(KeystoreName keystore, Function<StatelessSession, Uni<T>> work) {
    Function<StatelessSession, Uni<T>> transaction =
        session ->
            session
                .createNativeQuery(LOCK, String.class)
                .setParameter("tenant", keystore.tenant())
                .setParameter("keystore", keystore.keystore())
                .getSingleResultOrNull()
                .chain(
                    locked ->
                        locked == null
                            ? Uni.createFrom().failure(new KekFailure.UnknownKeystore(keystore))
                            : work.apply(session));
    return available(sessions.transaction(transaction));
  }

  private static <T> Uni<T> available(Uni<T> work) {
    return work.onFailure(PostgresUnavailable.class)
        .transform(failure -> new KekFailure.StoreUnavailable())
        .onFailure(ClocksDisagree.class)
        .transform(failure -> new KekFailure.ClockSkew());
  }
}
