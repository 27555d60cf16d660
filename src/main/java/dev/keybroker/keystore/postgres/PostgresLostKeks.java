package dev.keybroker.keystore.postgres;

import dev.keybroker.crypto.InvalidKekException;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.WrappingKey;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekProvenance;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.LostKeks;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.postgres.DatabaseTime;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Instant;
import java.util.Objects;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Writes lost rows again. A singleton, so that its counter exists, at 0, from the start.
@Singleton
public class PostgresLostKeks implements LostKeks {
  private static final Logger LOG = Logger.getLogger(PostgresLostKeks.class);

  private static final String DELETE_INTENT =
      "delete from KekEntity where id = :id and state = :pending";
  private static final String INSERT =
      """
      insert into KekEntity (id, tenant, keystore, state, spec, origin, rootKeyArn, roleArn,
        externalId, grantId, kmsContext, publicKey, publicKeySha256, encryptedPrivateKey, createTime,
        activeTime, retireTime)
      values (:id, :tenant, :keystore, :state, :spec, :origin, :rootKeyArn, :roleArn,
        :externalId, :grantId, :kmsContext, :publicKey, :publicKeySha256, :encryptedPrivateKey, :createTime,
        :activeTime, :retireTime)
      on conflict do nothing
      """;

  /// Increments the version, since the KEK that the present one asked for may be older.
  private static final String REQUEST_KEK =
      """
      update keystore s set version = version + 1, kek_wanted = true,
        rotation_attempt_time = now(), rotation_reserved = false, rotation_failures = 0
      where tenant = :tenant and id = :keystore and not exists
        (select 1 from kek k
          where k.tenant = s.tenant and k.keystore = s.id and k.state = 'ACTIVE')
      """;

  private static final Uni<Integer> NOTHING = Uni.createFrom().nullItem();

  private final KeystoreTransactions transactions;
  private final KeyCodec codec;
  private final Clock clock;
  private final Counter restored;

  PostgresLostKeks(
      KeystoreTransactions transactions, KeyCodec codec, Clock clock, MeterRegistry registry) {
    this.transactions = transactions;
    this.codec = codec;
    this.clock = clock;
    this.restored = registry.counter(Metrics.KEK_RESTORED);
  }

  @Override
  public Uni<Kek> restore(Kek copy) {
    KekState state = stateOf(copy);
    WrappingKey publicKey = publicKeyOf(copy);
    if (state == null || publicKey == null) {
      return Uni.createFrom().failure(new KekFailure.UnknownKek(copy.name()));
    }
    KeystoreName keystore = copy.name().keystore();
    return transactions
        .locked(
            keystore,
            session -> {
              Instant readTime = clock.instant();
              return DatabaseTime.now(session)
                  .chain(now -> insert(session, copy, state, publicKey, now))
                  .call(inserted -> inserted ? requestKek(session, keystore) : NOTHING)
                  .chain(
                      inserted ->
                          PostgresKekTier.read(session, copy.name().id(), readTime)
                              .map(kek -> new StoredKek(kek, inserted)));
            })
        .invoke(this::note)
        .map(StoredKek::kek)
        .onFailure(KekFailure.UnknownKeystore.class)
        .transform(unknown -> new KekFailure.UnknownKek(copy.name()));
  }

  /// Returns null if there is nothing to restore. A KEK that could not unwrap still cannot.
  private static @Nullable KekState stateOf(Kek copy) {
    return switch (copy.state()) {
      case ACTIVE, RETIRED -> KekState.RETIRED;
      case DISABLED, DESTROY_SCHEDULED -> KekState.DISABLED;
      case PENDING_GENERATION, DESTROYED -> null;
    };
  }

  private @Nullable WrappingKey publicKeyOf(Kek copy) {
    KekProvenance provenance = copy.provenance();
    if (provenance == null || copy.encryptedPrivateKey() == null) {
      return null;
    }
    try {
      return codec.parsePublic(copy.spec(), provenance.publicKey());
    } catch (InvalidKekException e) {
      return null;
    }
  }

  private static Uni<Boolean> insert(
      StatelessSession session, Kek copy, KekState state, WrappingKey publicKey, Instant now) {
    KekProvenance provenance = Objects.requireNonNull(copy.provenance());
    AssumedRole role = copy.rootKey().key().role();
    return session
        .createMutationQuery(DELETE_INTENT)
        .setParameter("id", copy.name().id())
        .setParameter("pending", KekState.PENDING_GENERATION)
        .executeUpdate()
        .chain(
            () ->
                session
                    .createMutationQuery(INSERT)
                    .setParameter("id", copy.name().id())
                    .setParameter("tenant", copy.name().keystore().tenant())
                    .setParameter("keystore", copy.name().keystore().keystore())
                    .setParameter("state", state)
                    .setParameter("spec", copy.spec())
                    .setParameter("origin", provenance.origin())
                    .setParameter("rootKeyArn", copy.rootKey().key().arn().toString())
                    .setParameter("roleArn", role == null ? null : role.roleArn())
                    .setParameter("externalId", role == null ? null : role.externalId())
                    .setParameter("grantId", copy.rootKey().key().grantId())
                    .setParameter("kmsContext", KmsContextText.write(copy.rootKey().context()))
                    .setParameter("publicKey", provenance.publicKey())
                    .setParameter("publicKeySha256", publicKey.fingerprint())
                    .setParameter("encryptedPrivateKey", copy.encryptedPrivateKey())
                    .setParameter("createTime", provenance.createTime())
                    .setParameter("activeTime", provenance.activeTime())
                    .setParameter("retireTime", now)
                    .executeUpdate())
        .map(count -> count > 0);
  }

  private static Uni<Integer> requestKek(StatelessSession session, KeystoreName keystore) {
    return session
        .createNativeQuery(REQUEST_KEK)
        .setParameter("tenant", keystore.tenant())
        .setParameter("keystore", keystore.keystore())
        .executeUpdate();
  }

  /// @param isRestored false if the row existed
  private record StoredKek(Kek kek, boolean isRestored) {}

  private void note(StoredKek answer) {
    if (answer.isRestored) {
      restored.increment();
      LOG.errorf(
          "PostgreSQL has lost the KEK %s: its row is written again as %s from a cached record."
              + " Other committed changes may be lost, too",
          answer.kek.name(), answer.kek.state());
    }
  }
}
