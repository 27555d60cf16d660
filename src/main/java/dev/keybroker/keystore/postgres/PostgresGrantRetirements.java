package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.GrantRetirements;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsKey;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/// The rows of `grant_retirement`. Triggers add those of private keys that are erased, whichever
/// version of the broker erases them.
@Singleton
public class PostgresGrantRetirements implements GrantRetirements {
  private static final String ADD =
      """
      insert into grant_retirement (root_key_arn, grant_id, tenant, keystore)
      values (:key, :grant, :tenant, :keystore) on conflict do nothing
      """;

  /// Grants are compared by their ids, which no two keys share, because a keystore may name its key
  /// by an alias.
  private static final String CLAIM =
      """
      with due as (
        select root_key_arn, grant_id from grant_retirement where attempt_time <= now()
        order by attempt_time limit :limit for update skip locked),
      claimed as (
        update grant_retirement g set attempt_time = now() + :again * interval '1 millisecond'
        from due where g.root_key_arn = due.root_key_arn and g.grant_id = due.grant_id
        returning g.*)
      select c.root_key_arn, c.grant_id, c.tenant, c.keystore, c.failures from claimed c
      where not exists (select 1 from kek k where k.tenant = c.tenant and k.grant_id = c.grant_id
          and (k.encrypted_private_key is not null or k.state = 'PENDING_GENERATION'))
        and not exists (select 1 from former_private_key f join kek k on k.id = f.kek
          where k.tenant = c.tenant and f.grant_id = c.grant_id
            and f.encrypted_private_key is not null)
        and not exists (select 1 from keystore s where s.tenant = c.tenant
          and s.grant_id = c.grant_id and (s.delete_time is null or s.delete_time > now()))
        and not exists (select 1 from re_encryption j where j.tenant = c.tenant
          and j.grant_id = c.grant_id and j.state = 'IN_PROGRESS')
      """;

  private static final String END =
      "delete from grant_retirement where root_key_arn = :key and grant_id = :grant";

  private static final String RETRY =
      """
      update grant_retirement set failures = failures + 1,
        attempt_time = now() + :delay * interval '1 millisecond'
      where root_key_arn = :key and grant_id = :grant
      """;

  private final KeystoreTransactions transactions;

  PostgresGrantRetirements(KeystoreTransactions transactions) {
    this.transactions = transactions;
  }

  @Override
  public Uni<Void> add(KeystoreName keystore, KmsKey key) {
    return change(ADD, key, Map.of("tenant", keystore.tenant(), "keystore", keystore.keystore()));
  }

  @Override
  public Uni<List<Unneeded>> claim(int limit, Duration again) {
    return transactions
        .transaction(
            session ->
                session
                    .createNativeQuery(CLAIM, Object[].class)
                    .setParameter("limit", limit)
                    .setParameter("again", (double) again.toMillis())
                    .getResultList())
        .map(rows -> rows.stream().map(PostgresGrantRetirements::unneeded).toList());
  }

  private static Unneeded unneeded(Object[] row) {
    return new Unneeded(
        new KeystoreName((String) row[2], (String) row[3]),
        new KmsKey(KmsArn.parse((String) row[0]), null, (String) row[1]),
        ((Number) row[4]).intValue());
  }

  @Override
  public Uni<Void> end(KmsKey key) {
    return change(END, key, Map.of());
  }

  @Override
  public Uni<Void> retry(Unneeded grant, Duration delay) {
    return change(RETRY, grant.key(), Map.of("delay", (double) delay.toMillis()));
  }

  private Uni<Void> change(String sql, KmsKey key, Map<String, Object> values) {
    return transactions.transaction(
        session -> {
          var query =
              session
                  .createNativeQuery(sql)
                  .setParameter("key", key.arn().toString())
                  .setParameter("grant", key.grantId());
          values.forEach(query::setParameter);
          return query.executeUpdate().replaceWithVoid();
        });
  }
}
