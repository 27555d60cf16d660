package dev.keybroker.keystore.postgres;

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
import java.util.Objects;
import java.util.UUID;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;

/// The last tier: the rows themselves. Each read is one query.
@Singleton
public class PostgresKekTier implements KekTier {
  private final PostgresSessions sessions;
  private final KeyCodec codec;
  private final Clock clock;

  PostgresKekTier(PostgresSessions sessions, KeyCodec codec, Clock clock) {
    this.sessions = sessions;
    this.codec = codec;
    this.clock = clock;
  }

  @Override
  public Uni<ActiveKek> active(KeystoreName keystore) {
    return Uni.createFrom()
        .deferred(
            () -> {
              Instant readTime = clock.instant();
              return sessions
                  .read(
                      session ->
                          session
                              .createSelectionQuery(
                                  """
                                  select k, s.onKmsOutage from KeystoreEntity s
                                  left join KekEntity k
                                    on k.tenant = s.tenant and k.keystore = s.id and k.state = :active
                                  where s.tenant = :tenant and s.id = :keystore
                                  """,
                                  Object[].class)
                              .setParameter("active", KekState.ACTIVE)
                              .setParameter("tenant", keystore.tenant())
                              .setParameter("keystore", keystore.keystore())
                              .getResultList())
                  .map(rows -> activeKek(keystore, rows, readTime));
            })
        .onFailure(PostgresUnavailable.class)
        .transform(failure -> new KekFailure.StoreUnavailable());
  }

  private ActiveKek activeKek(KeystoreName keystore, List<Object[]> rows, Instant readTime) {
    if (rows.isEmpty()) {
      throw new KekFailure.UnknownKeystore(keystore);
    }
    if (!(rows.getFirst()[0] instanceof KekEntity row)) {
      throw new KekFailure.NoActiveKek(keystore);
    }
    return new ActiveKek(
        new KekName(keystore, row.id),
        codec.parsePublic(row.spec, Objects.requireNonNull(row.publicKey)),
        rootKey(row),
        rows.getFirst()[1] == OnKmsOutage.FAIL_CLOSED,
        row.createTime,
        readTime);
  }

  @Override
  public Uni<Kek> kek(UUID id) {
    return Uni.createFrom()
        .deferred(
            () -> {
              Instant readTime = clock.instant();
              return sessions.read(session -> read(session, id, readTime));
            })
        .onFailure(PostgresUnavailable.class)
        .transform(failure -> new KekFailure.StoreUnavailable());
  }

  static Uni<Kek> read(StatelessSession session, UUID id, Instant readTime) {
    return session
        .createSelectionQuery(
            """
            select k, s.privateKekLifetimeMillis from KekEntity k
            join KeystoreEntity s on s.tenant = k.tenant and s.id = k.keystore
            where k.id = :id
            """,
            Object[].class)
        .setParameter("id", id)
        .getResultList()
        .map(
            rows -> {
              if (rows.isEmpty()) {
                throw new KekFailure.UnknownKek();
              }
              Object[] row = rows.getFirst();
              return kek((KekEntity) row[0], Duration.ofMillis((Long) row[1]), readTime);
            });
  }

  private static Kek kek(KekEntity row, Duration privateKekLifetime, Instant readTime) {
    return new Kek(
        KekRows.name(row),
        row.state,
        row.spec,
        rootKey(row),
        row.encryptedPrivateKey,
        privateKekLifetime,
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
        new KmsKey(KmsArn.parse(row.rootKeyArn), role), KmsContextText.read(row.kmsContext));
  }
}
