package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KeystoreDeletions;
import dev.keybroker.keystore.KeystoreFailure;
import dev.keybroker.keystore.RotationSchedule;
import dev.keybroker.postgres.DatabaseTime;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;
import org.jspecify.annotations.Nullable;

/// The deletion of keystores in PostgreSQL, with the keystore's row locked.
@Singleton
public class PostgresKeystoreDeletions implements KeystoreDeletions {
  private static final String DELETE_INTENTS =
      """
      delete from kek
      where tenant = :tenant and keystore = :keystore and state = 'PENDING_GENERATION'
      """;

  private static final String SCHEDULE =
      """
      update kek set state_before_deletion = state, state = 'DESTROY_SCHEDULED',
        destroy_time = :time, retire_time = coalesce(retire_time, now())
      where tenant = :tenant and keystore = :keystore
        and state in ('ACTIVE', 'RETIRED', 'DISABLED')
      returning id
      """;

  private static final String COUNT_LEFT =
      """
      select count(*) from kek
      where tenant = :tenant and keystore = :keystore and state <> 'DESTROYED'
      """;

  private static final String CANCEL =
      """
      update kek set state = state_before_deletion, state_before_deletion = null,
        destroy_time = null,
        retire_time = case when state_before_deletion = 'ACTIVE' then null else retire_time end
      where tenant = :tenant and keystore = :keystore and state = 'DESTROY_SCHEDULED'
        and state_before_deletion is not null
      returning id
      """;

  private final KeystoreTransactions transactions;
  private final DatabaseTime time;

  PostgresKeystoreDeletions(KeystoreTransactions transactions, DatabaseTime time) {
    this.transactions = transactions;
    this.time = time;
  }

  @Override
  public Uni<List<UUID>> delete(
      KeystoreName name, @Nullable Long version, @Nullable Duration wait) {
    return transactions.locked(
        name,
        (session, row) ->
            count(session, name)
                .chain(
                    left -> {
                      if (row.deleteTime != null) {
                        return left > 0
                            ? Uni.createFrom().item(List.of())
                            : Uni.createFrom().failure(new KekFailure.UnknownKeystore(name));
                      }
                      if (version != null && row.version != version) {
                        return Uni.createFrom().failure(new KeystoreFailure.Changed(name));
                      }
                      return intents(session, name)
                          .chain(gone -> deleteNow(session, row, left - gone, wait));
                    }));
  }

  private Uni<List<UUID>> deleteNow(
      StatelessSession session, KeystoreEntity row, long left, @Nullable Duration wait) {
    KeystoreName name = KeystoreRows.name(row);
    if (left == 0) {
      return DatabaseTime.now(session)
          .chain(now -> mark(session, row, now, now))
          .replaceWith(List.of());
    }
    if (wait == null) {
      return Uni.createFrom().failure(new KeystoreFailure.HasKeks(name));
    }
    return time.agreedNow(session)
        .chain(
            now ->
                session
                    .createNativeQuery(SCHEDULE, UUID.class)
                    .setParameter("time", now.plus(wait))
                    .setParameter("tenant", name.tenant())
                    .setParameter("keystore", name.keystore())
                    .getResultList()
                    .call(() -> mark(session, row, now.plus(wait), now)));
  }

  private static Uni<Void> mark(
      StatelessSession session, KeystoreEntity row, Instant deleteTime, Instant now) {
    row.deleteTime = deleteTime;
    row.nextRotationTime = null;
    row.kekRequested = false;
    KeystoreRows.planNext(row);
    row.version++;
    row.updateTime = now;
    return session.update(row);
  }

  private static Uni<Integer> intents(StatelessSession session, KeystoreName name) {
    return session
        .createNativeQuery(DELETE_INTENTS)
        .setParameter("tenant", name.tenant())
        .setParameter("keystore", name.keystore())
        .executeUpdate();
  }

  private static Uni<Long> count(StatelessSession session, KeystoreName name) {
    return session
        .createNativeQuery(COUNT_LEFT, Long.class)
        .setParameter("tenant", name.tenant())
        .setParameter("keystore", name.keystore())
        .getSingleResult();
  }

  @Override
  public Uni<List<UUID>> restore(KeystoreName name) {
    return transactions.locked(
        name,
        (session, row) ->
            row.deleteTime == null ? Uni.createFrom().item(List.of()) : restoreNow(session, row));
  }

  private static Uni<List<UUID>> restoreNow(StatelessSession session, KeystoreEntity row) {
    KeystoreName name = KeystoreRows.name(row);
    return session
        .createNativeQuery(CANCEL, UUID.class)
        .setParameter("tenant", name.tenant())
        .setParameter("keystore", name.keystore())
        .getResultList()
        .call(
            () ->
                count(session, name)
                    .invoke(
                        left -> {
                          if (left == 0) {
                            throw new KekFailure.UnknownKeystore(name);
                          }
                        }))
        .call(
            () ->
                KeystoreRows.lastChange(session, name)
                    .chain(
                        lastChange ->
                            DatabaseTime.now(session)
                                .chain(now -> unmark(session, row, lastChange, now))));
  }

  private static Uni<Void> unmark(
      StatelessSession session, KeystoreEntity row, @Nullable Instant lastChange, Instant now) {
    row.deleteTime = null;
    row.version++;
    row.updateTime = now;
    if (lastChange == null) {
      KeystoreRows.requestKek(row, now);
    } else {
      row.nextRotationTime = RotationSchedule.next(row.rotationPeriod, lastChange);
      KeystoreRows.planNext(row);
    }
    return session.update(row);
  }
}
