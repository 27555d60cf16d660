package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.ReEncryption;
import dev.keybroker.keystore.ReEncryptions;
import dev.keybroker.keystore.RootKeyError;
import dev.keybroker.keystore.StoredPrivateKey;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.postgres.DatabaseTime;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.hibernate.LockMode;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;
import org.jspecify.annotations.Nullable;

/// The re-encryptions in PostgreSQL, handed out by row locks. A private key is replaced with the
/// keystore's row locked, like every other change of a KEK.
@Singleton
public class PostgresReEncryptions implements ReEncryptions {
  private static final String DUE =
      "from ReEncryptionEntity where attemptTime <= :now order by attemptTime";

  /// The uses of a KMS key that encrypts a KEK and of the one that it is moved to.
  private static final String MOVED =
      """
      (k.root_key_arn, k.role_arn, k.external_id, k.grant_id, k.kms_context)
      is not distinct from (j.root_key_arn, j.role_arn, j.external_id, j.grant_id, j.kms_context)
      """;

  private static final String LEFT =
      """
      j.id = :id and k.tenant = j.tenant and k.keystore = j.keystore
        and k.encrypted_private_key is not null
        and k.re_encryption_failed is distinct from j.id and not %s
      """
          .formatted(MOVED);

  private static final String NEXT =
      """
      select k.id from kek k, re_encryption j where %s
      order by k.create_time desc limit :limit
      """
          .formatted(LEFT);

  private static final String COUNT =
      """
      select count(*), count(*) filter (where %1$s),
        count(*) filter (where not %1$s and k.re_encryption_failed = j.id)
      from kek k join re_encryption j on k.tenant = j.tenant and k.keystore = j.keystore
      where j.id = :id and k.encrypted_private_key is not null
      """
          .formatted(MOVED);

  /// Whether a KEK that is being generated may become one that is not under the target.
  private static final String IN_GENERATION =
      """
      select count(*) from kek where tenant = :tenant and keystore = :keystore
        and state = 'PENDING_GENERATION'
      """;

  private static final String NO_LONGER_LATEST =
      """
      update re_encryption set latest = false
      where tenant = :tenant and keystore = :keystore and latest
      """;

  private static final String LOCK_KEK = "select id from kek where id = :kek for update";

  private static final String KEEP_FORMER =
      """
      insert into former_private_key (kek, root_key_arn, role_arn, external_id, grant_id,
        kms_context, encrypted_private_key)
      select id, root_key_arn, role_arn, external_id, grant_id, kms_context, encrypted_private_key
      from kek where id = :kek
      on conflict (kek, root_key_arn, kms_context) do update set role_arn = excluded.role_arn,
        external_id = excluded.external_id, grant_id = excluded.grant_id,
        encrypted_private_key = excluded.encrypted_private_key, erase_time = null
      """;

  private static final String REFUSE =
      """
      update kek k set re_encryption_failed = j.id from re_encryption j, kek f
      where f.id = :kek and %s and (cast(:affected as text) = 'ALL' or k.id = f.id
        or (cast(:affected as text) = 'SAME_KEY'
          and (k.root_key_arn, k.role_arn, k.external_id, k.grant_id, k.kms_context)
            is not distinct from
            (f.root_key_arn, f.role_arn, f.external_id, f.grant_id, f.kms_context)
          and not exists (select 1 from former_private_key p where p.kek = k.id
            and p.root_key_arn = j.root_key_arn and p.kms_context = j.kms_context
            and p.encrypted_private_key is not null)))
      """
          .formatted(LEFT);

  private static final String RELEASED =
      """
      select distinct f.root_key_arn
      from former_private_key f join kek k on k.id = f.kek
        join keystore s on s.tenant = k.tenant and s.id = k.keystore
      where k.tenant = :tenant and k.keystore = :keystore and f.encrypted_private_key is not null
        and f.root_key_arn is distinct from s.kms_key_arn
        and not exists (select 1 from kek n where n.tenant = k.tenant and n.keystore = k.keystore
          and n.encrypted_private_key is not null and n.root_key_arn = f.root_key_arn)
      order by f.root_key_arn
      """;

  private static final String SCHEDULE_ERASURE =
      """
      update former_private_key set erase_time = :time
      where encrypted_private_key is not null and erase_time is null and kek in
        (select id from kek where tenant = :tenant and keystore = :keystore)
      """;

  private static final String ERASE =
      """
      update former_private_key set encrypted_private_key = null
      where (kek, root_key_arn, kms_context) in
        (select kek, root_key_arn, kms_context from former_private_key
          where encrypted_private_key is not null and erase_time <= now()
          limit :limit for update skip locked)
      """;

  private final KeystoreTransactions transactions;
  private final DatabaseTime time;

  PostgresReEncryptions(KeystoreTransactions transactions, DatabaseTime time) {
    this.transactions = transactions;
    this.time = time;
  }

  @Override
  public Uni<ReEncryption> start(KeystoreName keystore, KeyUse target, @Nullable String requestId) {
    return transactions.changing(
        keystore,
        (session, row) ->
            known(session, keystore, "requestId = :value", requestId)
                .onItem()
                .ifNull()
                .switchTo(
                    () ->
                        known(session, keystore, "state = :value", ReEncryption.State.IN_PROGRESS)
                            .chain(running -> start(session, row, running, target, requestId)))
                .map(ReEncryptionRows::reEncryption));
  }

  private static Uni<ReEncryptionEntity> known(
      StatelessSession session, KeystoreName keystore, String condition, @Nullable Object value) {
    if (value == null) {
      return Uni.createFrom().nullItem();
    }
    return session
        .createSelectionQuery(
            "from ReEncryptionEntity where tenant = :tenant and keystore = :keystore and "
                + condition,
            ReEncryptionEntity.class)
        .setParameter("tenant", keystore.tenant())
        .setParameter("keystore", keystore.keystore())
        .setParameter("value", value)
        .getSingleResultOrNull();
  }

  private static Uni<ReEncryptionEntity> start(
      StatelessSession session,
      KeystoreEntity keystore,
      @Nullable ReEncryptionEntity running,
      KeyUse target,
      @Nullable String requestId) {
    if (running != null && ReEncryptionRows.target(running).equals(target)) {
      return Uni.createFrom().item(running);
    }
    return DatabaseTime.now(session)
        .chain(
            now ->
                (running == null
                        ? Uni.createFrom().voidItem()
                        : superseded(session, running, target, now))
                    .chain(() -> insert(session, keystore, target, requestId, now)));
  }

  private static Uni<Void> superseded(
      StatelessSession session, ReEncryptionEntity row, KeyUse target, Instant now) {
    ReEncryptionRows.setError(
        row,
        new RootKeyError(
            "Superseded",
            KmsAction.RE_ENCRYPT.action(),
            "",
            "A later request moves the KEKs to " + target.key().arn() + " instead.",
            null,
            now));
    end(row, ReEncryption.State.FAILED, now);
    return session.update(row);
  }

  private static Uni<ReEncryptionEntity> insert(
      StatelessSession session,
      KeystoreEntity keystore,
      KeyUse target,
      @Nullable String requestId,
      Instant now) {
    ReEncryptionEntity row = new ReEncryptionEntity();
    row.id = UUID.randomUUID();
    row.tenant = keystore.tenant;
    row.keystore = keystore.id;
    row.requestId = requestId;
    row.state = ReEncryption.State.IN_PROGRESS;
    ReEncryptionRows.setTarget(row, target);
    row.startTime = now;
    row.released = "";
    row.attemptTime = now;
    row.latest = true;
    return session
        .createNativeQuery(NO_LONGER_LATEST)
        .setParameter("tenant", row.tenant)
        .setParameter("keystore", row.keystore)
        .executeUpdate()
        .chain(() -> session.insert(row))
        .chain(() -> count(session, row))
        .chain(() -> session.update(row))
        .replaceWith(row);
  }

  private static Uni<Void> count(StatelessSession session, ReEncryptionEntity row) {
    return session
        .createNativeQuery(COUNT, Object[].class)
        .setParameter("id", row.id)
        .getSingleResult()
        .invoke(
            counts -> {
              row.total = ((Number) counts[0]).intValue();
              row.done = ((Number) counts[1]).intValue();
              row.failed = ((Number) counts[2]).intValue();
            })
        .replaceWithVoid();
  }

  private static void end(ReEncryptionEntity row, ReEncryption.State state, Instant now) {
    row.state = state;
    row.endTime = now;
    row.attemptTime = null;
  }

  @Override
  public Uni<List<StoredPrivateKey>> privateKeys(KeystoreName keystore) {
    return transactions
        .read(
            session ->
                session
                    .createSelectionQuery(
                        """
                        from KekEntity where tenant = :tenant and keystore = :keystore
                          and encryptedPrivateKey is not null
                        """,
                        KekEntity.class)
                    .setParameter("tenant", keystore.tenant())
                    .setParameter("keystore", keystore.keystore())
                    .getResultList())
        .map(rows -> rows.stream().map(row -> privateKey(row, null)).toList());
  }

  private static StoredPrivateKey privateKey(KekEntity row, byte @Nullable [] former) {
    return new StoredPrivateKey(
        KekRows.name(row),
        row.spec,
        ReEncryptionRows.use(
            row.rootKeyArn, row.roleArn, row.externalId, row.grantId, row.kmsContext),
        row.encryptedPrivateKey,
        row.publicKey,
        former);
  }

  @Override
  public Uni<List<Work>> claim(int limit, Duration lease) {
    return transactions.transaction(
        session ->
            DatabaseTime.now(session)
                .chain(
                    now ->
                        session
                            .createSelectionQuery(DUE, ReEncryptionEntity.class)
                            .setParameter("now", now)
                            .setMaxResults(limit)
                            .setLockMode(LockMode.UPGRADE_SKIPLOCKED)
                            .getResultList()
                            .call(
                                rows -> {
                                  rows.forEach(row -> row.attemptTime = now.plus(lease));
                                  return session.updateMultiple(rows);
                                }))
                .map(rows -> rows.stream().map(ReEncryptionRows::work).toList()));
  }

  @Override
  public Uni<Void> renew(UUID reEncryption, Duration lease) {
    return running(
        reEncryption,
        (session, row, now) -> {
          Instant end = now.plus(lease);
          // One that is late must not shorten the pause that the work has ended with.
          if (end.isAfter(row.attemptTime)) {
            row.attemptTime = end;
          }
          return session.update(row);
        });
  }

  private interface Change<T> {
    Uni<T> apply(StatelessSession session, ReEncryptionEntity row, Instant now);
  }

  /// Changes the row of a re-encryption that is in progress, with a lock. Has no effect on one that
  /// has ended.
  private <T> Uni<T> running(UUID reEncryption, Change<T> change) {
    return transactions.transaction(session -> running(session, reEncryption, change));
  }

  private static <T> Uni<T> running(StatelessSession session, UUID reEncryption, Change<T> change) {
    return session
        .createSelectionQuery(
            "from ReEncryptionEntity where id = :id and state = :state", ReEncryptionEntity.class)
        .setParameter("id", reEncryption)
        .setParameter("state", ReEncryption.State.IN_PROGRESS)
        .setLockMode(LockMode.PESSIMISTIC_WRITE)
        .getSingleResultOrNull()
        .chain(
            row ->
                row == null
                    ? Uni.createFrom().nullItem()
                    : DatabaseTime.now(session).chain(now -> change.apply(session, row, now)));
  }

  @Override
  public Uni<List<StoredPrivateKey>> next(UUID reEncryption, int limit) {
    return transactions.read(
        session ->
            session
                .createNativeQuery(NEXT, UUID.class)
                .setParameter("id", reEncryption)
                .setParameter("limit", limit)
                .getResultList()
                .chain(
                    ids ->
                        ids.isEmpty()
                            ? Uni.createFrom().item(List.<StoredPrivateKey>of())
                            : session
                                .get(ReEncryptionEntity.class, reEncryption)
                                .chain(row -> privateKeys(session, row, ids))));
  }

  private static Uni<List<StoredPrivateKey>> privateKeys(
      StatelessSession session, ReEncryptionEntity row, List<UUID> ids) {
    return session
        .createSelectionQuery(
            """
            from FormerPrivateKey where kek in :ids and rootKeyArn = :key
              and kmsContext = :context and encryptedPrivateKey is not null
            """,
            FormerPrivateKey.class)
        .setParameter("ids", ids)
        .setParameter("key", row.rootKeyArn)
        .setParameter("context", row.kmsContext)
        .getResultList()
        .chain(
            former -> {
              Map<UUID, byte[]> byKek =
                  former.stream()
                      .collect(Collectors.toMap(it -> it.kek, it -> it.encryptedPrivateKey));
              return session
                  .createSelectionQuery("from KekEntity where id in :ids", KekEntity.class)
                  .setParameter("ids", ids)
                  .getResultList()
                  .map(
                      keks ->
                          keks.stream().map(kek -> privateKey(kek, byKek.get(kek.id))).toList());
            });
  }

  @Override
  public Uni<Boolean> replace(
      UUID reEncryption, StoredPrivateKey privateKey, byte[] encrypted, KmsArn keyArn) {
    return transactions
        .locked(
            privateKey.kek().keystore(),
            session ->
                running(
                    session,
                    reEncryption,
                    (same, row, now) -> replace(session, row, now, privateKey, encrypted, keyArn)))
        .map(Boolean.TRUE::equals);
  }

  private static Uni<Boolean> replace(
      StatelessSession session,
      ReEncryptionEntity row,
      Instant now,
      StoredPrivateKey privateKey,
      byte[] encrypted,
      KmsArn keyArn) {
    return session
        .createNativeQuery(LOCK_KEK, UUID.class)
        .setParameter("kek", privateKey.kek().id())
        .getSingleResultOrNull()
        .chain(() -> KekRows.find(session, privateKey.kek()))
        .chain(
            kek -> {
              if (!isUnchanged(kek, privateKey)) {
                return Uni.createFrom().item(false);
              }
              row.rootKeyArn = keyArn.toString();
              row.changeTime = now;
              row.failures = 0;
              kek.rootKeyArn = row.rootKeyArn;
              kek.roleArn = row.roleArn;
              kek.externalId = row.externalId;
              kek.grantId = row.grantId;
              kek.kmsContext = row.kmsContext;
              kek.encryptedPrivateKey = encrypted;
              return session
                  .createNativeQuery(KEEP_FORMER)
                  .setParameter("kek", kek.id)
                  .executeUpdate()
                  .chain(() -> session.update(kek))
                  .chain(() -> session.update(row))
                  .replaceWith(true);
            });
  }

  private static boolean isUnchanged(KekEntity row, StoredPrivateKey privateKey) {
    return row.encryptedPrivateKey != null
        && Arrays.equals(row.encryptedPrivateKey, privateKey.encrypted())
        && privateKey(row, null).rootKey().equals(privateKey.rootKey());
  }

  @Override
  public Uni<Void> refuse(
      UUID reEncryption, StoredPrivateKey privateKey, Affected affected, RootKeyError error) {
    return transactions.locked(
        privateKey.kek().keystore(),
        session ->
            running(
                session,
                reEncryption,
                (same, row, now) -> {
                  ReEncryptionRows.setError(row, error);
                  return session
                      .createNativeQuery(REFUSE)
                      .setParameter("id", row.id)
                      .setParameter("kek", privateKey.kek().id())
                      .setParameter("affected", affected.name())
                      .executeUpdate()
                      .chain(() -> session.update(row));
                }));
  }

  @Override
  public Uni<Void> pause(
      UUID reEncryption, RootKeyError error, Function<Integer, Duration> backoff) {
    return running(
        reEncryption,
        (session, row, now) -> {
          ReEncryptionRows.setError(row, error);
          row.failures++;
          row.attemptTime = now.plus(backoff.apply(row.failures));
          return count(session, row).chain(() -> session.update(row));
        });
  }

  @Override
  public Uni<ReEncryption> settle(Work work, Duration spread, Duration kept) {
    return transactions.locked(
        work.keystore(),
        session ->
            running(
                session,
                work.id(),
                (same, row, now) ->
                    count(session, row)
                        .chain(() -> settle(session, row, now, spread, kept))
                        .call(() -> session.update(row))
                        .map(ended -> ended ? ReEncryptionRows.reEncryption(row) : null)));
  }

  private static Uni<Boolean> settle(
      StatelessSession session,
      ReEncryptionEntity row,
      Instant now,
      Duration spread,
      Duration kept) {
    row.attemptTime = now;
    if (row.done + row.failed < row.total) {
      return Uni.createFrom().item(false);
    }
    if (row.failed > 0) {
      end(row, ReEncryption.State.FAILED, now);
      return Uni.createFrom().item(true);
    }
    if (row.changeTime != null && row.changeTime.plus(spread).isAfter(now)) {
      row.attemptTime = row.changeTime.plus(spread);
      return Uni.createFrom().item(false);
    }
    return ofKeystore(session, IN_GENERATION, Long.class, row)
        .chain(
            generating -> {
              if (generating.getFirst() > 0) {
                row.attemptTime = now.plus(spread);
                return Uni.createFrom().item(false);
              }
              return complete(session, row, now, kept).replaceWith(true);
            });
  }

  private static <T> Uni<List<T>> ofKeystore(
      StatelessSession session, String query, Class<T> type, ReEncryptionEntity row) {
    return session
        .createNativeQuery(query, type)
        .setParameter("tenant", row.tenant)
        .setParameter("keystore", row.keystore)
        .getResultList();
  }

  private static Uni<Void> complete(
      StatelessSession session, ReEncryptionEntity row, Instant now, Duration kept) {
    end(row, ReEncryption.State.COMPLETED, now);
    return ofKeystore(session, RELEASED, String.class, row)
        .invoke(arns -> row.released = String.join(" ", arns))
        .chain(
            () ->
                session
                    .createNativeQuery(SCHEDULE_ERASURE)
                    .setParameter("time", now.plus(kept))
                    .setParameter("tenant", row.tenant)
                    .setParameter("keystore", row.keystore)
                    .executeUpdate())
        .replaceWithVoid();
  }

  @Override
  public Uni<Integer> eraseDue(int limit) {
    return transactions.transaction(
        session ->
            time.agreedNow(session)
                .chain(
                    () ->
                        session
                            .createNativeQuery(ERASE)
                            .setParameter("limit", limit)
                            .executeUpdate()));
  }
}
