package dev.keybroker.keystore.postgres;

import dev.keybroker.access.Reach;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.Keystore;
import dev.keybroker.keystore.KeystoreFailure;
import dev.keybroker.keystore.KeystoreFilter;
import dev.keybroker.keystore.KeystoreRepository;
import dev.keybroker.keystore.KeystoreSettings;
import dev.keybroker.keystore.RotationSchedule;
import dev.keybroker.keystore.Tenant;
import dev.keybroker.postgres.DatabaseTime;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.hibernate.reactive.mutiny.Mutiny.SelectionQuery;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;
import org.jspecify.annotations.Nullable;

/// The rows of `tenant` and `keystore`.
@Singleton
public class PostgresKeystoreRepository implements KeystoreRepository {
  private static final int EXTERNAL_ID_SIZE = 16;

  /// Deleted keystores are left out: their KEKs are all destroyed. These are counted, because
  /// PostgreSQL would answer an `exists` here from all KEKs of all tenants.
  private static final String EXISTING =
      """
      and (s.deleteTime is null or (
          select count(*) from KekEntity d
          where d.tenant = s.tenant and d.keystore = s.id and d.state <> :destroyed) > 0)
      """;

  private static final String FIND =
      """
      select s, k.id, k.activeTime, k.rootKeyArn, r from KeystoreEntity s
      left join KekEntity k
        on k.tenant = s.tenant and k.keystore = s.id and k.state = :active
      left join ReEncryptionEntity r
        on r.tenant = s.tenant and r.keystore = s.id and r.latest = true
      where s.tenant = :tenant and s.id = :keystore
      """
          + EXISTING;

  /// Each join starts after the previous page too, so that none reads what belongs to that.
  private static final String LIST =
      """
      select s, k.id, k.activeTime, k.rootKeyArn, r from KeystoreEntity s
      left join KekEntity k
        on k.tenant = s.tenant and k.keystore = s.id and k.state = :active and k.keystore > :after
      left join ReEncryptionEntity r
        on r.tenant = s.tenant and r.keystore = s.id and r.latest = true and r.keystore > :after
      where s.tenant = :tenant and s.id > :after
      """
          + EXISTING;

  private static final String WITH_KEYSTORES =
      """
      select t.id from TenantEntity t where t.id > :after and exists (
        select 1 from KeystoreEntity s where s.tenant = t.id
      """
          + EXISTING
          + ")";

  private final KeystoreTransactions transactions;
  private final SecureRandom random;

  PostgresKeystoreRepository(KeystoreTransactions transactions, SecureRandom random) {
    this.transactions = transactions;
    this.random = random;
  }

  @Override
  public Uni<Tenant> tenant(String tenant) {
    return transactions
        .read(session -> session.get(TenantEntity.class, tenant))
        .onItem()
        .ifNull()
        .switchTo(() -> transactions.transaction(session -> tenantNow(session, tenant)))
        .map(row -> new Tenant(row.id, row.externalId));
  }

  private Uni<TenantEntity> tenantNow(StatelessSession session, String tenant) {
    byte[] externalId = new byte[EXTERNAL_ID_SIZE];
    random.nextBytes(externalId);
    return DatabaseTime.now(session)
        .chain(
            now ->
                session
                    .createMutationQuery(
                        """
                        insert into TenantEntity (id, externalId, createTime)
                        values (:id, :externalId, :createTime) on conflict do nothing
                        """)
                    .setParameter("id", tenant)
                    .setParameter("externalId", HexFormat.of().formatHex(externalId))
                    .setParameter("createTime", now)
                    .executeUpdate())
        .chain(
            () ->
                session
                    .createSelectionQuery("from TenantEntity where id = :id", TenantEntity.class)
                    .setParameter("id", tenant)
                    .getSingleResult());
  }

  @Override
  public Uni<Inserted> insert(KeystoreName name, KeystoreSettings settings) {
    return transactions.transaction(
        session ->
            tenantNow(session, name.tenant())
                // The tenant's row is the lock: creations in one tenant take turns.
                .chain(
                    () ->
                        session
                            .createNativeQuery(
                                "select id from tenant where id = :id for update", String.class)
                            .setParameter("id", name.tenant())
                            .getSingleResult())
                .chain(() -> findNow(session, name))
                .chain(
                    known ->
                        known != null
                            ? Uni.createFrom().item(new Inserted(known, false))
                            : KeystoreTransactions.row(session, name)
                                .onItem()
                                .ifNotNull()
                                .failWith(() -> new KeystoreFailure.Deleted(name))
                                .chain(() -> DatabaseTime.now(session))
                                .chain(now -> insertNow(session, name, settings, now))));
  }

  private static Uni<Inserted> insertNow(
      StatelessSession session, KeystoreName name, KeystoreSettings settings, Instant now) {
    KeystoreEntity row = new KeystoreEntity();
    row.tenant = name.tenant();
    row.id = name.keystore();
    KeystoreRows.set(row, settings);
    row.version = 1;
    row.createTime = now;
    row.updateTime = now;
    KeystoreRows.requestKek(row, now);
    return session.insert(row).replaceWith(() -> new Inserted(KeystoreRows.keystore(row), true));
  }

  @Override
  public Uni<Keystore> find(KeystoreName name) {
    return transactions
        .read(session -> findNow(session, name))
        .onItem()
        .ifNull()
        .failWith(() -> new KekFailure.UnknownKeystore(name));
  }

  private static Uni<Keystore> findNow(StatelessSession session, KeystoreName name) {
    return session
        .createSelectionQuery(FIND, Object[].class)
        .setParameter("active", KekState.ACTIVE)
        .setParameter("destroyed", KekState.DESTROYED)
        .setParameter("tenant", name.tenant())
        .setParameter("keystore", name.keystore())
        .getSingleResultOrNull()
        .map(row -> row == null ? null : keystore(row));
  }

  private static Keystore keystore(Object[] row) {
    return KeystoreRows.keystore(
        (KeystoreEntity) row[0],
        (UUID) row[1],
        (Instant) row[2],
        (String) row[3],
        (ReEncryptionEntity) row[4]);
  }

  @Override
  public Uni<List<String>> tenants(Reach reach, @Nullable String after, int limit) {
    return transactions.read(
        session -> {
          SelectionQuery<String> query =
              session
                  .createSelectionQuery(
                      WITH_KEYSTORES
                          + (reach.everywhere() ? "" : " and t.id in :tenants")
                          + " order by t.id",
                      String.class)
                  .setParameter("destroyed", KekState.DESTROYED)
                  .setParameter("after", after == null ? "" : after)
                  .setMaxResults(limit);
          if (!reach.everywhere()) {
            query.setParameter("tenants", reach.tenants());
          }
          return query.getResultList();
        });
  }

  @Override
  public Uni<List<Keystore>> list(
      String tenant, KeystoreFilter filter, @Nullable String after, int limit) {
    Map<String, Object> values = new HashMap<>();
    String conditions = conditions(filter, values);
    return transactions.read(
        session -> {
          SelectionQuery<Object[]> query =
              session
                  .createSelectionQuery(LIST + conditions + " order by s.id", Object[].class)
                  .setParameter("active", KekState.ACTIVE)
                  .setParameter("destroyed", KekState.DESTROYED)
                  .setParameter("tenant", tenant)
                  .setParameter("after", after == null ? "" : after)
                  .setMaxResults(limit);
          values.forEach(query::setParameter);
          return query
              .getResultList()
              .map(rows -> rows.stream().map(PostgresKeystoreRepository::keystore).toList());
        });
  }

  private static String conditions(KeystoreFilter filter, Map<String, Object> values) {
    StringBuilder conditions = new StringBuilder();
    if (filter.leaving() != null) {
      conditions.append(" and s.deleteTime is ").append(filter.leaving() ? "not null" : "null");
    }
    if (filter.failing()) {
      conditions.append(" and s.errorTime is not null");
    }
    if (filter.id() != null) {
      // Ids have none of the pattern's wildcards.
      conditions.append(filter.prefix() ? " and s.id like :id" : " and s.id = :id");
      values.put("id", filter.prefix() ? filter.id() + "%" : filter.id());
    }
    if (filter.rootKey() != null) {
      conditions.append(" and (s.kmsKeyArn = :key or k.rootKeyArn = :key)");
      values.put("key", filter.rootKey().toString());
    }
    return conditions.toString();
  }

  @Override
  public Uni<Keystore> update(KeystoreName name, long version, KeystoreSettings settings) {
    return transactions.changing(
        name,
        (session, row) -> {
          if (row.version != version) {
            return Uni.createFrom().failure(new KeystoreFailure.Changed(name));
          }
          return KeystoreRows.lastChange(session, name)
              .chain(
                  lastChange ->
                      DatabaseTime.now(session)
                          .chain(
                              now -> {
                                change(row, settings, lastChange, now);
                                return session.update(row);
                              }))
              .chain(() -> findNow(session, name));
        });
  }

  private static void change(
      KeystoreEntity row, KeystoreSettings settings, @Nullable Instant lastChange, Instant now) {
    KeystoreSettings before = KeystoreRows.settings(row);
    if (!settings.makesSameKeks(before)) {
      KeystoreRows.requestKek(row, now);
    } else if (settings.rotationPeriod() != before.rotationPeriod() && lastChange != null) {
      row.nextRotationTime = RotationSchedule.next(settings.rotationPeriod(), lastChange);
      if (!row.kekRequested) {
        KeystoreRows.planNext(row);
      }
    }
    KeystoreRows.set(row, settings);
    row.version++;
    row.updateTime = now;
  }
}
