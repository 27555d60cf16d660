package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.DueRotations;
import dev.keybroker.keystore.Keystore;
import dev.keybroker.keystore.Rotation;
import dev.keybroker.kms.QuotaLine;
import dev.keybroker.postgres.DatabaseTime;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import org.hibernate.LockMode;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;

/// Hands out due rotations by row locks: a row that one broker examines is skipped by the others.
@Singleton
public class PostgresDueRotations implements DueRotations {
  /// A reserved time that passed longer ago than this is void. Otherwise, all rotations that were
  /// missed in an outage would be made at once.
  private static final Duration RESERVATION_HOLDS = Duration.ofSeconds(30);

  private static final String DUE =
      "from KeystoreEntity where rotationAttemptTime <= :now order by rotationAttemptTime";
  /// A KEK that is needed at once has no time at which it was due. Postponed attempts after
  /// failures show that it is overdue.
  private static final String COUNT_OVERDUE =
      """
      select count(*) from keystore
      where rotation_attempt_time is not null
        and (next_rotation_time < now() - :wait * interval '1 millisecond'
          or (kek_wanted and rotation_failures > 5))
      """;
  private static final String RESERVE =
      """
      insert into kms_rate as r (quota, free_time)
      values (:quota, cast(:now as timestamptz) + :micros * interval '1 microsecond')
      on conflict (quota) do update
        set free_time = greatest(r.free_time, :now) + :micros * interval '1 microsecond'
      returning free_time
      """;

  private final KeystoreTransactions transactions;

  PostgresDueRotations(KeystoreTransactions transactions) {
    this.transactions = transactions;
  }

  @Override
  public Uni<Claim> claim(
      int limit,
      Duration lease,
      Function<Keystore, QuotaLine> plan,
      Function<Keystore, Duration> delay) {
    return transactions.transaction(
        session ->
            DatabaseTime.now(session).chain(now -> claim(session, now, limit, lease, plan, delay)));
  }

  private static Uni<Claim> claim(
      StatelessSession session,
      Instant now,
      int limit,
      Duration lease,
      Function<Keystore, QuotaLine> plan,
      Function<Keystore, Duration> delay) {
    return due(session, now, limit)
        .chain(
            due -> {
              List<KeystoreEntity> unreserved =
                  due.stream().filter(row -> !isReserved(row, now)).toList();
              return reserve(session, unreserved, now, plan, delay)
                  .map(
                      reserved -> {
                        List<DueRotation> rotations = handOut(due, now, lease);
                        return new Claim(rotations, due.size());
                      })
                  .call(() -> session.updateMultiple(due));
            });
  }

  private static Uni<List<KeystoreEntity>> due(StatelessSession session, Instant now, int limit) {
    return session
        .createSelectionQuery(DUE, KeystoreEntity.class)
        .setParameter("now", now)
        .setMaxResults(limit)
        .setLockMode(LockMode.UPGRADE_SKIPLOCKED)
        .getResultList();
  }

  private static boolean isReserved(KeystoreEntity row, Instant now) {
    return row.rotationReserved && row.rotationAttemptTime.isAfter(now.minus(RESERVATION_HOLDS));
  }

  /// Gives each row the next free time of its plan, in the order in which they are due. Quotas are
  /// taken in the order of their names, so that two brokers never wait for each other.
  private static Uni<Void> reserve(
      StatelessSession session,
      List<KeystoreEntity> rows,
      Instant now,
      Function<Keystore, QuotaLine> plan,
      Function<Keystore, Duration> delay) {
    Map<QuotaLine, List<KeystoreEntity>> byPlan =
        new TreeMap<>(Comparator.comparing(QuotaLine::name));
    for (KeystoreEntity row : rows) {
      byPlan
          .computeIfAbsent(plan.apply(KeystoreRows.keystore(row)), first -> new ArrayList<>())
          .add(row);
    }
    return Multi.createFrom()
        .iterable(byPlan.entrySet())
        .onItem()
        .transformToUniAndConcatenate(
            entry -> {
              Duration interval = entry.getKey().interval();
              List<KeystoreEntity> group = entry.getValue();
              Duration whole = interval.multipliedBy(group.size());
              return session
                  .createNativeQuery(RESERVE, Instant.class)
                  .setParameter("quota", entry.getKey().name())
                  .setParameter("now", now)
                  .setParameter("micros", whole.toNanos() / 1e3)
                  .getSingleResult()
                  .invoke(
                      free -> {
                        Instant time = free.minus(whole);
                        for (KeystoreEntity row : group) {
                          row.rotationAttemptTime =
                              time.plus(delay.apply(KeystoreRows.keystore(row)));
                          row.rotationReserved = true;
                          time = time.plus(interval);
                        }
                      });
            })
        .collect()
        .last()
        .replaceWithVoid();
  }

  private static List<DueRotation> handOut(List<KeystoreEntity> due, Instant now, Duration lease) {
    List<DueRotation> rotations = new ArrayList<>();
    for (KeystoreEntity row : due) {
      if (!row.rotationAttemptTime.isAfter(now)) {
        rotations.add(new DueRotation(KeystoreRows.name(row), id(row)));
        row.rotationAttemptTime = now.plus(lease);
        row.rotationReserved = false;
      }
    }
    return rotations;
  }

  /// Names the due rotation, not the attempt: it stays the same until that rotation is made.
  private static String id(KeystoreEntity row) {
    return row.kekRequested ? Rotation.requested(row.version) : "due " + row.nextRotationTime;
  }

  @Override
  public Uni<Void> retry(KeystoreName name, Function<Integer, Duration> backoff) {
    return transactions.locked(
        name,
        (session, row) ->
            DatabaseTime.now(session)
                .chain(
                    now -> {
                      row.rotationFailures++;
                      row.rotationAttemptTime = now.plus(backoff.apply(row.rotationFailures));
                      row.rotationReserved = false;
                      return session.update(row);
                    }));
  }

  @Override
  public Uni<Long> overdue(Duration wait) {
    return transactions.transaction(
        session ->
            session
                .createNativeQuery(COUNT_OVERDUE, Long.class)
                .setParameter("wait", (double) wait.toMillis())
                .getSingleResult());
  }
}
