package dev.keybroker.keystore.postgres;

import dev.keybroker.concurrent.Gathering;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekProvenance;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KekTier;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.OnKmsOutage;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.postgres.PostgresSessions;
import dev.keybroker.postgres.PostgresUnavailable;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;

/// The last tier: the rows themselves. Keys that are asked for while reads run share the next read.
@Singleton
public class PostgresKekTier implements KekTier {
  /// One read takes a few of PostgreSQL's milliseconds.
  private static final int MAX_KEYS = 256;

  /// Few, because each takes a connection; more than one, so that a slow read does not delay all.
  private static final int MAX_READS = 4;

  private final PostgresSessions sessions;
  private final KeyCodec codec;
  private final Clock clock;
  private final Gathering<KeystoreName, Rows> keystores =
      new Gathering<>(this::readKeystores, MAX_KEYS, MAX_READS);
  private final Gathering<UUID, Rows> keks = new Gathering<>(this::readKeks, MAX_KEYS, MAX_READS);

  /// What a query returned for a key.
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Rows(Object[] columns, Instant readTime) {}

  PostgresKekTier(PostgresSessions sessions, KeyCodec codec, Clock clock) {
    this.sessions = sessions;
    this.codec = codec;
    this.clock = clock;
  }

  @Override
  public Uni<ActiveKek> active(KeystoreName keystore) {
    return keystores
        .get(keystore)
        .map(rows -> rows.orElseThrow(() -> new KekFailure.UnknownKeystore(keystore)))
        .map(rows -> activeKek(keystore, rows));
  }

  private Uni<Map<KeystoreName, Rows>> readKeystores(List<KeystoreName> names) {
    // Each column by itself, so that the primary key's index serves; both together to be exact.
    return read(
        session ->
            session
                .createSelectionQuery(
                    """
                    select k, s.onKmsOutage, s.tenant, s.id from KeystoreEntity s
                    left join KekEntity k
                      on k.tenant = s.tenant and k.keystore = s.id and k.state = :active
                    where s.tenant in :tenants and s.id in :ids
                      and s.tenant || '/' || s.id in :names
                    """,
                    Object[].class)
                .setParameter("active", KekState.ACTIVE)
                .setParameter(
                    "tenants", names.stream().map(KeystoreName::tenant).distinct().toList())
                .setParameter("ids", names.stream().map(KeystoreName::keystore).distinct().toList())
                .setParameter(
                    "names", names.stream().map(it -> it.tenant() + "/" + it.keystore()).toList())
                .getResultList(),
        row -> new KeystoreName((String) row[2], (String) row[3]));
  }

  private ActiveKek activeKek(KeystoreName keystore, Rows rows) {
    if (!(rows.columns[0] instanceof KekEntity row)) {
      throw new KekFailure.NoActiveKek(keystore);
    }
    return new ActiveKek(
        new KekName(keystore, row.id),
        codec.parsePublic(row.spec, Objects.requireNonNull(row.publicKey)),
        rootKey(row),
        rows.columns[1] == OnKmsOutage.FAIL_CLOSED,
        row.createTime,
        rows.readTime);
  }

  @Override
  public Uni<Kek> kek(UUID id) {
    return keks.get(id)
        .map(rows -> rows.orElseThrow(KekFailure.UnknownKek::new))
        .map(rows -> kek(rows.columns, rows.readTime));
  }

  private Uni<Map<UUID, Rows>> readKeks(List<UUID> ids) {
    return read(session -> rows(session, ids), row -> ((KekEntity) row[0]).id);
  }

  private <K> Uni<Map<K, Rows>> read(
      Function<StatelessSession, Uni<List<Object[]>>> query, Function<Object[], K> key) {
    return Uni.createFrom()
        .deferred(
            () -> {
              Instant readTime = clock.instant();
              return sessions
                  .read(query)
                  .map(
                      rows ->
                          rows.stream()
                              .collect(Collectors.toMap(key, row -> new Rows(row, readTime))));
            })
        .onFailure(PostgresUnavailable.class)
        .transform(failure -> new KekFailure.StoreUnavailable());
  }

  static Uni<Kek> read(StatelessSession session, UUID id, Instant readTime) {
    return rows(session, List.of(id))
        .map(rows -> rows.stream().findFirst().orElseThrow(KekFailure.UnknownKek::new))
        .map(row -> kek(row, readTime));
  }

  private static Uni<List<Object[]>> rows(StatelessSession session, List<UUID> ids) {
    return session
        .createSelectionQuery(
            """
            select k, s.privateKekLifetimeMillis from KekEntity k
            join KeystoreEntity s on s.tenant = k.tenant and s.id = k.keystore
            where k.id in :ids
            """,
            Object[].class)
        .setParameter("ids", ids)
        .getResultList();
  }

  private static Kek kek(Object[] columns, Instant readTime) {
    KekEntity row = (KekEntity) columns[0];
    return new Kek(
        KekRows.name(row),
        row.state,
        row.spec,
        rootKey(row),
        row.encryptedPrivateKey,
        Duration.ofMillis((Long) columns[1]),
        readTime,
        row.publicKey == null
            ? null
            : new KekProvenance(row.origin, row.publicKey, row.createTime, row.activeTime),
        row.state == KekState.DESTROY_SCHEDULED ? row.destroyTime : null);
  }

  private static KeyUse rootKey(KekEntity row) {
    AssumedRole role =
        row.roleArn == null
            ? null
            : new AssumedRole(row.roleArn, Objects.requireNonNull(row.externalId));
    return new KeyUse(
        new KmsKey(KmsArn.parse(row.rootKeyArn), role, row.grantId),
        KmsContextText.read(row.kmsContext));
  }
}
