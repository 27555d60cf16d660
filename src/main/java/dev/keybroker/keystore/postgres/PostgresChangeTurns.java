package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.ChangeTurns;
import dev.keybroker.keystore.Heartbeat;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;

/// Keeps turns as rows that expire by themselves, so that no transaction stays open while KMS is
/// called.
@Singleton
public class PostgresChangeTurns implements ChangeTurns {
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);

  private static final Duration HEARTBEAT = Duration.ofSeconds(2);

  /// The turn of a broker that died ends within ten seconds.
  private static final String TAKE =
      """
      insert into change_turn as t (tenant, keystore, holder, end_time)
      values (:tenant, :keystore, :holder, now() + interval '10 seconds')
      on conflict (tenant, keystore) do update
        set holder = excluded.holder, end_time = excluded.end_time
        where t.end_time < now()
      returning holder
      """;

  private static final String RENEW =
      "update change_turn set end_time = now() + interval '10 seconds' where holder = :holder";
  private static final String END = "delete from change_turn where holder = :holder";

  private final KeystoreTransactions transactions;

  PostgresChangeTurns(KeystoreTransactions transactions) {
    this.transactions = transactions;
  }

  @Override
  public <T> Uni<T> inTurn(KeystoreName keystore, Supplier<Uni<T>> change) {
    return Uni.createFrom()
        .deferred(
            () -> {
              UUID holder = UUID.randomUUID();
              return taken(keystore, holder)
                  .chain(
                      () ->
                          Heartbeat.during(
                              Uni.createFrom().deferred(change::get),
                              HEARTBEAT,
                              () -> renew(holder)))
                  .onTermination()
                  .call(() -> end(holder));
            });
  }

  private Uni<Boolean> taken(KeystoreName keystore, UUID holder) {
    return take(keystore, holder)
        .chain(
            taken ->
                taken
                    ? Uni.createFrom().item(true)
                    : Uni.createFrom()
                        .item(true)
                        .onItem()
                        .delayIt()
                        .by(LOOK_AGAIN)
                        .chain(() -> taken(keystore, holder)));
  }

  private Uni<Boolean> take(KeystoreName keystore, UUID holder) {
    return transactions
        .transaction(
            session ->
                session
                    .createNativeQuery(TAKE, UUID.class)
                    .setParameter("tenant", keystore.tenant())
                    .setParameter("keystore", keystore.keystore())
                    .setParameter("holder", holder)
                    .getResultList())
        .map(List::size)
        .map(size -> size > 0);
  }

  private Uni<Void> renew(UUID holder) {
    return transactions.transaction(
        session ->
            session
                .createNativeQuery(RENEW)
                .setParameter("holder", holder)
                .executeUpdate()
                .replaceWithVoid());
  }

  /// Ends the turn. If that fails, the turn expires by itself.
  private Uni<Integer> end(UUID holder) {
    return transactions
        .transaction(
            session ->
                session.createNativeQuery(END).setParameter("holder", holder).executeUpdate())
        .onFailure()
        .recoverWithNull();
  }
}
