package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KekCursor;
import dev.keybroker.keystore.KekDetails;
import dev.keybroker.keystore.KekHistory;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.postgres.DatabaseTime;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;
import org.jspecify.annotations.Nullable;

/// The rows of generated KEKs.
@Singleton
public class PostgresKekHistory implements KekHistory {
  private static final Instant END_OF_TIME = Instant.parse("9999-12-31T00:00:00Z");
  private static final UUID NO_ID = new UUID(0, 0);
  private static final String LOCK_DUE =
      """
      select id from kek where state = 'DESTROY_SCHEDULED' and destroy_time <= now()
      limit :limit for update skip locked
      """;

  /// The erasure does not lock the keystore. Without this lock of the KEK, a change that started
  /// before would write the erased key back.
  private static final String LOCK = "select id from kek where id = :id for update";

  private static final String GRANTS =
      """
      select root_key_arn || ' ' || grant_id from kek
      where tenant = :tenant and keystore = :keystore and grant_id is not null
        and state <> 'PENDING_GENERATION'
      union
      select f.root_key_arn || ' ' || f.grant_id from former_private_key f join kek k on k.id = f.kek
      where k.tenant = :tenant and k.keystore = :keystore and f.grant_id is not null
      """;

  private final KeystoreTransactions transactions;
  private final DatabaseTime time;

  PostgresKekHistory(KeystoreTransactions transactions, DatabaseTime time) {
    this.transactions = transactions;
    this.time = time;
  }

  @Override
  public Uni<KekDetails> find(KekName kek) {
    return transactions.read(session -> KekRows.find(session, kek)).map(KekRows::details);
  }

  @Override
  public Uni<List<KekDetails>> history(
      KeystoreName keystore, @Nullable KekCursor after, int limit) {
    return transactions
        .read(
            session ->
                session
                    .createSelectionQuery(
                        """
                        from KekEntity where tenant = :tenant and keystore = :keystore
                        and (createTime < :time or (createTime = :time and id < :id))
                        order by createTime desc, id desc
                        """,
                        KekEntity.class)
                    .setParameter("tenant", keystore.tenant())
                    .setParameter("keystore", keystore.keystore())
                    .setParameter("time", after == null ? END_OF_TIME : after.createTime())
                    .setParameter("id", after == null ? NO_ID : after.id())
                    .setMaxResults(limit)
                    .getResultList())
        .map(rows -> rows.stream().map(KekRows::details).toList());
  }

  @Override
  public Uni<List<KmsKey>> grants(KeystoreName keystore) {
    return transactions
        .read(
            session ->
                session
                    .createNativeQuery(GRANTS, String.class)
                    .setParameter("tenant", keystore.tenant())
                    .setParameter("keystore", keystore.keystore())
                    .getResultList())
        .map(
            rows ->
                rows.stream()
                    .map(row -> row.split(" ", 2))
                    .map(row -> new KmsKey(KmsArn.parse(row[0]), null, row[1]))
                    .toList());
  }

  @Override
  public Uni<KekDetails> change(KekName kek, Change change) {
    return changeLocked(kek, (session, details) -> Uni.createFrom().item(change.apply(details)));
  }

  @Override
  public Uni<KekDetails> changeByTime(KekName kek, TimedChange change) {
    return changeLocked(
        kek, (session, details) -> time.agreedNow(session).map(now -> change.apply(details, now)));
  }

  private interface LockedChange {
    Uni<KekDetails> apply(StatelessSession session, KekDetails kek);
  }

  private Uni<KekDetails> changeLocked(KekName kek, LockedChange change) {
    return transactions
        .changing(
            kek.keystore(),
            (session, keystore) ->
                session
                    .createNativeQuery(LOCK, UUID.class)
                    .setParameter("id", kek.id())
                    .getSingleResultOrNull()
                    .chain(() -> KekRows.find(session, kek))
                    .chain(
                        row ->
                            change
                                .apply(session, KekRows.details(row))
                                .chain(
                                    changed -> {
                                      row.state = changed.state();
                                      row.destroyTime = changed.destroyTime();
                                      return session
                                          .update(row)
                                          .replaceWith(() -> KekRows.details(row));
                                    })))
        .onFailure(KekFailure.UnknownKeystore.class)
        .transform(unknown -> new KekFailure.UnknownKek(kek));
  }

  @Override
  public Uni<List<UUID>> eraseDue(int limit) {
    return transactions.transaction(
        session ->
            time.agreedNow(session)
                .chain(
                    () ->
                        session
                            .createNativeQuery(LOCK_DUE, UUID.class)
                            .setParameter("limit", limit)
                            .getResultList())
                .call(due -> due.isEmpty() ? Uni.createFrom().nullItem() : erase(session, due)));
  }

  private static Uni<Integer> erase(StatelessSession session, List<UUID> due) {
    return session
        .createMutationQuery(
            "update KekEntity set state = :destroyed, encryptedPrivateKey = null where id in :due")
        .setParameter("destroyed", KekState.DESTROYED)
        .setParameter("due", due)
        .executeUpdate();
  }
}
