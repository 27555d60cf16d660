package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KekDetails;
import dev.keybroker.keystore.KekIntent;
import dev.keybroker.keystore.KekRepository;
import dev.keybroker.keystore.KeystoreFailure;
import dev.keybroker.keystore.NewKek;
import dev.keybroker.postgres.DatabaseTime;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;
import org.jspecify.annotations.Nullable;

/// The generation of KEKs in PostgreSQL. Each change locks the keystore's row first, so that two
/// brokers that generate for one keystore take turns. The partial unique indexes `kek_one_active`
/// and `kek_one_pending` hold even if a change forgets the lock.
@Singleton
public class PostgresKekRepository implements KekRepository {
  // A native query, because HQL cannot insert an entity with a composite id.
  private static final String NOTE_REQUEST =
      """
      insert into kek_request (tenant, keystore, request_id, kek)
      values (:tenant, :keystore, :request, :kek) on conflict do nothing
      """;

  /// How long an intent belongs to its broker without a renewal. After that, the broker counts as
  /// gone.
  private static final Duration LEASE = Duration.ofSeconds(10);

  /// The same for an intent from a version that has no leases: longer than KMS may take.
  private static final Duration OLD_LEASE = Duration.ofSeconds(30);

  private final KeystoreTransactions transactions;

  PostgresKekRepository(KeystoreTransactions transactions) {
    this.transactions = transactions;
  }

  @Override
  public Uni<Intended> intend(KekIntent intent) {
    return transactions.changing(
        intent.keystore(),
        (session, keystore) ->
            byRequestId(session, intent)
                .chain(
                    same -> {
                      if (same != null && same.state != KekState.PENDING_GENERATION) {
                        return Uni.createFrom().item(new Intended.Generated(KekRows.details(same)));
                      }
                      if (keystore.version != intent.version()) {
                        return Uni.createFrom()
                            .failure(new KeystoreFailure.Changed(intent.keystore()));
                      }
                      return inState(session, intent.keystore(), KekState.PENDING_GENERATION)
                          .chain(pending -> write(session, intent, pending));
                    }));
  }

  private static Uni<Intended> write(
      StatelessSession session, KekIntent intent, @Nullable KekEntity pending) {
    if (pending == null) {
      return writeNew(session, intent, List.of());
    }
    if (!KekRows.says(pending, intent)) {
      return session.delete(pending).chain(() -> writeNew(session, intent, List.of()));
    }
    return DatabaseTime.now(session)
        .chain(
            now ->
                isLeased(pending, now)
                    ? noteRequest(session, intent, intent.requestId(), pending)
                        .replaceWith(() -> new Intended.UnderWay(KekRows.name(pending)))
                    : takeUp(session, intent, pending));
  }

  private static boolean isLeased(KekEntity pending, Instant now) {
    return pending.leaseEnd == null
        ? pending.createTime.isAfter(now.minus(OLD_LEASE))
        : pending.leaseEnd.isAfter(now);
  }

  /// Takes over an intent under a new id: PostgreSQL may have lost the activation of the old id and
  /// kept its intent. A second key pair must never share the id under which DEKs are already
  /// wrapped.
  private static Uni<Intended> takeUp(
      StatelessSession session, KekIntent intent, KekEntity pending) {
    return session
        .createSelectionQuery("select requestId from KekRequest where kek = :kek", String.class)
        .setParameter("kek", pending.id)
        .getResultList()
        .call(() -> session.delete(pending))
        .chain(requests -> writeNew(session, intent, requests));
  }

  private static Uni<Intended> writeNew(
      StatelessSession session, KekIntent intent, List<String> takenUp) {
    return DatabaseTime.now(session)
        .chain(
            now -> {
              KekEntity row = new KekEntity();
              row.id = UUID.randomUUID();
              row.tenant = intent.keystore().tenant();
              row.keystore = intent.keystore().keystore();
              row.state = KekState.PENDING_GENERATION;
              row.createTime = now;
              row.leaseEnd = now.plus(LEASE);
              KekRows.set(row, intent);
              return session
                  .insert(row)
                  .chain(() -> noteRequests(session, intent, takenUp, row))
                  .chain(() -> noteRequest(session, intent, intent.requestId(), row))
                  .replaceWith(() -> new Intended.ToGenerate(KekRows.name(row)));
            });
  }

  private static Uni<Void> noteRequests(
      StatelessSession session, KekIntent intent, List<String> requests, KekEntity kek) {
    Uni<Void> noted = Uni.createFrom().voidItem();
    for (String request : requests) {
      noted = noted.chain(() -> noteRequest(session, intent, request, kek));
    }
    return noted;
  }

  private static Uni<Void> noteRequest(
      StatelessSession session, KekIntent intent, @Nullable String request, KekEntity kek) {
    if (request == null) {
      return Uni.createFrom().voidItem();
    }
    return session
        .createNativeQuery(NOTE_REQUEST)
        .setParameter("tenant", intent.keystore().tenant())
        .setParameter("keystore", intent.keystore().keystore())
        .setParameter("request", request)
        .setParameter("kek", kek.id)
        .executeUpdate()
        .replaceWithVoid();
  }

  @Override
  public Uni<Void> renew(KekName kek) {
    return transactions.transaction(
        session ->
            DatabaseTime.now(session)
                .chain(
                    now ->
                        session
                            .createMutationQuery(
                                "update KekEntity set leaseEnd = :end"
                                    + " where id = :id and state = :pending")
                            .setParameter("end", now.plus(LEASE))
                            .setParameter("id", kek.id())
                            .setParameter("pending", KekState.PENDING_GENERATION)
                            .executeUpdate())
                .replaceWithVoid());
  }

  @Override
  public Uni<KekDetails> find(KekName kek) {
    return transactions.read(session -> KekRows.find(session, kek).map(KekRows::details));
  }

  @Override
  public Uni<KekDetails> activate(NewKek kek) {
    return transactions.locked(
        kek.name().keystore(),
        session ->
            KekRows.find(session, kek.name())
                .onFailure(KekFailure.UnknownKek.class)
                .transform(gone -> new KeystoreFailure.Changed(kek.name().keystore()))
                .call(
                    row ->
                        row.state == KekState.PENDING_GENERATION
                            ? activate(session, kek, row)
                            : Uni.createFrom().voidItem())
                .map(KekRows::details));
  }

  private static Uni<Void> activate(StatelessSession session, NewKek kek, KekEntity row) {
    return DatabaseTime.now(session).chain(now -> activate(session, kek, row, now));
  }

  private static Uni<Void> activate(
      StatelessSession session, NewKek kek, KekEntity row, Instant now) {
    row.state = KekState.ACTIVE;
    row.origin = kek.origin();
    row.rootKeyArn = kek.rootKeyArn().toString();
    row.publicKey = kek.publicKey().subjectPublicKeyInfo();
    row.publicKeySha256 = kek.publicKey().fingerprint();
    row.encryptedPrivateKey = kek.encryptedPrivateKey();
    row.activeTime = now;
    return inState(session, kek.name().keystore(), KekState.ACTIVE)
        .chain(
            before -> {
              if (before == null) {
                return Uni.createFrom().voidItem();
              }
              before.state = KekState.RETIRED;
              before.retireTime = now;
              return session.update(before);
            })
        .chain(() -> session.update(row));
  }

  @Override
  public Uni<Void> abandon(KekName kek) {
    return transactions.locked(
        kek.keystore(),
        session ->
            session
                .createMutationQuery("delete from KekEntity where id = :id and state = :pending")
                .setParameter("id", kek.id())
                .setParameter("pending", KekState.PENDING_GENERATION)
                .executeUpdate()
                .replaceWithVoid());
  }

  private static Uni<KekEntity> byRequestId(StatelessSession session, KekIntent intent) {
    if (intent.requestId() == null) {
      return Uni.createFrom().nullItem();
    }
    return session
        .createSelectionQuery(
            """
            select k from KekRequest r join KekEntity k on k.id = r.kek
            where r.tenant = :tenant and r.keystore = :keystore and r.requestId = :request
            """,
            KekEntity.class)
        .setParameter("tenant", intent.keystore().tenant())
        .setParameter("keystore", intent.keystore().keystore())
        .setParameter("request", intent.requestId())
        .getSingleResultOrNull();
  }

  private static Uni<KekEntity> inState(
      StatelessSession session, KeystoreName keystore, KekState state) {
    return session
        .createSelectionQuery(
            "from KekEntity where tenant = :tenant and keystore = :keystore and state = :state",
            KekEntity.class)
        .setParameter("tenant", keystore.tenant())
        .setParameter("keystore", keystore.keystore())
        .setParameter("state", state)
        .getSingleResultOrNull();
  }

  @Override
  public Uni<Integer> abandonOlderThan(Duration age) {
    return transactions.transaction(
        session ->
            DatabaseTime.now(session)
                .chain(
                    now ->
                        session
                            .createMutationQuery(
                                "delete from KekEntity where state = :pending and createTime <"
                                    + " :time")
                            .setParameter("pending", KekState.PENDING_GENERATION)
                            .setParameter("time", now.minus(age))
                            .executeUpdate()));
  }
}
