package dev.keybroker.kek.postgres;

import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekIntent;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekOrigin;
import dev.keybroker.kek.KekRepository;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.NewKek;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.postgres.PostgresSessions;
import dev.keybroker.postgres.PostgresUnavailable;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import java.util.function.Function;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;
import org.jspecify.annotations.Nullable;

/// The generation of KEKs. Each step locks the keystore's row first, so that two brokers that
/// generate for one keystore take turns; the partial unique indexes `kek_one_active` and
/// `kek_one_pending` hold even where that is forgotten.
@ApplicationScoped
public class PostgresKekRepository implements KekRepository {
  private final PostgresSessions sessions;
  private final Clock clock;

  PostgresKekRepository(PostgresSessions sessions, Clock clock) {
    this.sessions = sessions;
    this.clock = clock;
  }

  @Override
  public Uni<Intended> intend(KekIntent intent) {
    return locked(
        intent.keystore(),
        (session, settings) ->
            byRequestId(session, intent)
                .chain(
                    same -> {
                      if (same != null && same.state != KekState.PENDING_GENERATION) {
                        return Uni.createFrom().item(new Intended(name(same), true));
                      }
                      return inState(session, intent.keystore(), KekState.PENDING_GENERATION)
                          .chain(pending -> write(session, intent, pending));
                    }));
  }

  private Uni<Intended> write(
      StatelessSession session, KekIntent intent, @Nullable KekEntity pending) {
    KekEntity row = pending == null ? new KekEntity() : pending;
    AssumedRole role = intent.rootKey().role();
    row.spec = intent.spec();
    row.origin = KekOrigin.KMS_GENERATED;
    row.rootKeyArn = intent.rootKey().arn().toString();
    row.roleArn = role == null ? null : role.roleArn();
    row.externalId = role == null ? null : role.externalId();
    row.kmsContext = KmsContextText.write(intent.kmsContext());
    row.requestId = intent.requestId();
    Uni<Void> written;
    if (pending == null) {
      row.id = UUID.randomUUID();
      row.tenant = intent.keystore().tenant();
      row.keystore = intent.keystore().keystore();
      row.state = KekState.PENDING_GENERATION;
      row.createTime = clock.instant();
      written = session.insert(row);
    } else {
      written = session.update(row);
    }
    return written.replaceWith(() -> new Intended(name(row), false));
  }

  @Override
  public Uni<Kek> activate(NewKek kek) {
    KeystoreName keystore = kek.name().keystore();
    return locked(
        keystore,
        (session, settings) ->
            session
                .get(KekEntity.class, kek.name().id())
                .chain(
                    row -> {
                      if (row == null) {
                        return Uni.createFrom().failure(new KekFailure.UnknownKek());
                      }
                      Uni<Void> activated =
                          row.state == KekState.PENDING_GENERATION
                              ? activate(session, kek, row)
                              : Uni.createFrom().voidItem();
                      return activated.replaceWith(
                          () ->
                              PostgresKekTier.kek(
                                  row,
                                  Duration.ofMillis(settings.privateKekLifetimeMillis),
                                  clock.instant()));
                    }));
  }

  private Uni<Void> activate(StatelessSession session, NewKek kek, KekEntity row) {
    Instant now = clock.instant();
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
    return locked(
        kek.keystore(),
        (session, settings) ->
            session
                .createMutationQuery("delete from KekEntity where id = :id and state = :pending")
                .setParameter("id", kek.id())
                .setParameter("pending", KekState.PENDING_GENERATION)
                .executeUpdate()
                .replaceWithVoid());
  }

  private static Uni<@Nullable KekEntity> byRequestId(StatelessSession session, KekIntent intent) {
    if (intent.requestId() == null) {
      return Uni.createFrom().nullItem();
    }
    return session
        .createSelectionQuery(
            "from KekEntity where tenant = :tenant and keystore = :keystore and requestId ="
                + " :request",
            KekEntity.class)
        .setParameter("tenant", intent.keystore().tenant())
        .setParameter("keystore", intent.keystore().keystore())
        .setParameter("request", intent.requestId())
        .getSingleResultOrNull();
  }

  private static Uni<@Nullable KekEntity> inState(
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

  private <T> Uni<T> locked(KeystoreName keystore, LockedWork<T> work) {
    Function<StatelessSession, Uni<T>> transaction =
        session ->
            session
                .createSelectionQuery(
                    "from KeystoreSettings where tenant = :tenant and id = :keystore",
                    KeystoreSettings.class)
                .setParameter("tenant", keystore.tenant())
                .setParameter("keystore", keystore.keystore())
                .setLockMode(LockModeType.PESSIMISTIC_WRITE)
                .getSingleResultOrNull()
                .chain(
                    settings ->
                        settings == null
                            ? Uni.createFrom().failure(new KekFailure.UnknownKeystore(keystore))
                            : work.apply(session, settings));
    return sessions
        .transaction(transaction)
        .onFailure(PostgresUnavailable.class)
        .transform(failure -> new KekFailure.StoreUnavailable());
  }

  private static KekName name(KekEntity row) {
    return new KekName(new KeystoreName(row.tenant, row.keystore), row.id);
  }

  private interface LockedWork<T> {
    Uni<T> apply(StatelessSession session, KeystoreSettings settings);
  }
}
