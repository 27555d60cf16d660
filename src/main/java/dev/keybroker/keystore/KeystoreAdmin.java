package dev.keybroker.keystore;

import dev.keybroker.access.Reach;
import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.QuotaExceeded;
import dev.keybroker.kms.QuotaGate;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/// The use cases of a tenant's administrator. Thread-safe; does not block the caller's thread.
///
/// Unis fail with [KeystoreFailure], [KekFailure] or [KmsFailure]. The [KmsFailure] of a create,
/// update or rotation has its explanation if the key can be looked up.
@Singleton
public final class KeystoreAdmin {
  /// How often a change that overwrites unseen changes starts again because another one was saved
  /// first.
  private static final int OVERWRITES = 10;

  private final KeystoreRepository keystores;
  private final RootKeyAccess access;
  private final RootKeyCheck check;
  private final QuotaGate gate;
  private final Rotation rotation;
  private final ChangeTurns turns;
  private final KekChanges changes;
  private final InstantSource clock;

  public KeystoreAdmin(
      KeystoreRepository keystores,
      RootKeyAccess access,
      RootKeyCheck check,
      QuotaGate gate,
      Rotation rotation,
      ChangeTurns turns,
      KekChanges changes,
      InstantSource clock) {
    this.keystores = keystores;
    this.access = access;
    this.check = check;
    this.gate = gate;
    this.rotation = rotation;
    this.turns = turns;
    this.changes = changes;
    this.clock = clock;
  }

  public Uni<Keystore> find(KeystoreName name) {
    return keystores.find(name);
  }

  /// Returns up to `limit` ids of tenants within reach that have keystores, sorted, starting with
  /// the first after `after`.
  public Uni<List<String>> tenants(Reach reach, @Nullable String after, int limit) {
    return keystores.tenants(reach, after, limit);
  }

  /// Returns up to `limit` keystores of a tenant by id, starting with the first after `after`.
  public Uni<List<Keystore>> list(
      String tenant, KeystoreFilter filter, @Nullable String after, int limit) {
    return keystores.list(tenant, filter, after, limit);
  }

  /// Checks the root key, makes the key pair of the first KEK and saves the keystore with it. If
  /// KMS refuses, nothing is saved. A repeated call with the same settings gets the same answer.
  public Uni<Keystore> create(KeystoreName name, KeystoreSettings settings) {
    Uni<Keystore> created =
        existing(name, settings)
            .chain(
                keystore ->
                    keystore != null && keystore.activeKek() != null
                        ? Uni.createFrom().item(keystore)
                        : turns.inTurn(name, () -> createNow(name, settings)));
    return explained(name, settings, created);
  }

  private <T> Uni<T> explained(KeystoreName name, KeystoreSettings settings, Uni<T> work) {
    return work.onFailure(KmsFailure.class)
        .recoverWithUni(failure -> explained(name, settings, (KmsFailure) failure));
  }

  private <T> Uni<T> explained(KeystoreName name, KeystoreSettings settings, KmsFailure failure) {
    return failure.explanation() != null
        ? Uni.createFrom().failure(failure)
        : rotation
            .explained(name, settings, failure)
            .chain(explained -> Uni.createFrom().failure(explained));
  }

  private Uni<Keystore> createNow(KeystoreName name, KeystoreSettings settings) {
    return existing(name, settings)
        .chain(
            keystore -> {
              if (keystore != null) {
                return keystore.activeKek() != null
                    ? Uni.createFrom().item(keystore)
                    : rotation
                        .rotate(name, Rotation.requested(keystore.version()))
                        .chain(() -> keystores.find(name));
              }
              return passed(name, settings)
                  .chain(() -> rotation.save(name, settings, () -> insert(name, settings)))
                  .chain(() -> keystores.find(name));
            });
  }

  private Uni<Keystore> insert(KeystoreName name, KeystoreSettings settings) {
    return keystores.insert(name, settings).map(inserted -> same(inserted.keystore(), settings));
  }

  /// Like [#create], but saves nothing. Returns the keystore as it would be.
  public Uni<Keystore> validate(KeystoreName name, KeystoreSettings settings) {
    Uni<Keystore> validated =
        existing(name, settings)
            .onItem()
            .ifNull()
            .switchTo(
                () ->
                    limited(name.tenant())
                        .chain(() -> passed(name, settings))
                        .map(
                            passed -> {
                              Instant now = clock.instant();
                              return new Keystore(
                                  name, settings, 0, null, null, null, now, now, null, null, null,
                                  null, null);
                            }));
    return explained(name, settings, validated);
  }

  /// Returns the keystore of these settings, or null if there is none of this name.
  private Uni<Keystore> existing(KeystoreName name, KeystoreSettings settings) {
    return keystores
        .find(name)
        .map(keystore -> same(keystore, settings))
        .onFailure(KekFailure.UnknownKeystore.class)
        .recoverWithNull();
  }

  private static Keystore same(Keystore keystore, KeystoreSettings settings) {
    if (!keystore.settings().equals(settings)) {
      throw new KeystoreFailure.AlreadyExists(keystore.name());
    }
    return keystore;
  }

  /// Changes settings. Settings that make different KEKs are checked first, and the next KEK's key
  /// pair is made before they are saved. If KMS refuses, nothing changes.
  ///
  /// @param version the version that the caller read; null overwrites unseen changes
  /// @param validateOnly whether to save nothing and return the keystore as it would be
  public Uni<Keystore> update(
      KeystoreName name,
      @Nullable Long version,
      UnaryOperator<KeystoreSettings> change,
      boolean validateOnly) {
    Uni<Keystore> updated = updateOnce(name, version, change, validateOnly, false);
    return version != null
        ? updated
        : updated.onFailure(KeystoreFailure.Changed.class).retry().atMost(OVERWRITES);
  }

  private Uni<Keystore> updateOnce(
      KeystoreName name,
      @Nullable Long version,
      UnaryOperator<KeystoreSettings> change,
      boolean validateOnly,
      boolean inTurn) {
    return keystores
        .find(name)
        .chain(
            before -> {
              if (version != null && version != before.version()) {
                return Uni.createFrom().failure(new KeystoreFailure.Changed(name));
              }
              if (before.deleteTime() != null) {
                return Uni.createFrom()
                    .failure(new KeystoreFailure.DeleteScheduled(name, before.deleteTime()));
              }
              KeystoreSettings settings = change.apply(before.settings());
              boolean makesSameKeks = settings.makesSameKeks(before.settings());
              if (!makesSameKeks && !validateOnly && !inTurn) {
                return turns.inTurn(name, () -> updateOnce(name, version, change, false, true));
              }
              Uni<Void> checked =
                  makesSameKeks
                      ? Uni.createFrom().voidItem()
                      : validateOnly
                          ? limited(name.tenant()).chain(() -> passed(name, settings))
                          : passed(name, settings);
              if (validateOnly) {
                return explained(
                    name, settings, checked.replaceWith(() -> preview(before, settings)));
              }
              return settings.equals(before.settings())
                  ? Uni.createFrom().item(before)
                  : explained(
                      name, settings, checked.chain(() -> save(before, settings, makesSameKeks)));
            });
  }

  private static Keystore preview(Keystore before, KeystoreSettings settings) {
    return new Keystore(
        before.name(),
        settings,
        before.version(),
        before.activeKek(),
        before.activeKekTime(),
        before.activeKekRootKey(),
        before.createTime(),
        before.updateTime(),
        before.nextRotationTime(),
        before.lastError(),
        before.failingSince(),
        before.deleteTime(),
        before.reEncryption());
  }

  private Uni<Keystore> save(Keystore before, KeystoreSettings settings, boolean makesSameKeks) {
    KeystoreName name = before.name();
    Uni<Keystore> update = keystores.update(name, before.version(), settings);
    return (makesSameKeks
            ? update
            : rotation.save(name, settings, () -> update).chain(() -> keystores.find(name)))
        .call(() -> changes.publish(new KekChange.OfSettings(name)));
  }

  /// Checks the root key of a saved keystore.
  public Uni<CheckResult> test(KeystoreName name) {
    return keystores.find(name).chain(keystore -> test(name, keystore.settings()));
  }

  /// Checks the root key of settings that are not saved.
  public Uni<CheckResult> test(KeystoreName name, KeystoreSettings settings) {
    return limited(name.tenant()).chain(() -> check(name, settings));
  }

  /// Checks the root key of settings as a save does, and fails as a save would. Saves nothing.
  Uni<Void> validateRootKey(KeystoreName name, KeystoreSettings settings) {
    return explained(name, settings, limited(name.tenant()).chain(() -> passed(name, settings)));
  }

  /// Limits how often a tenant may have root keys checked without saving anything.
  Uni<Void> limited(String tenant) {
    return gate.test(tenant)
        .onFailure(QuotaExceeded.class)
        .transform(
            refused -> new KeystoreFailure.TestsLimited(((QuotaExceeded) refused).retryAfter()));
  }

  private Uni<CheckResult> check(KeystoreName name, KeystoreSettings settings) {
    return check
        .admitted(settings.rootKey())
        .chain(() -> keystores.tenant(name.tenant()))
        .chain(
            tenant ->
                check.run(
                    access.use(settings.rootKey(), tenant, name),
                    settings.keyPairSpec(),
                    name.tenant()))
        .map(
            result ->
                settings.rootKey() instanceof RootKey.TenantManaged
                    ? result
                    : new CheckResult(result.steps(), null));
  }

  /// Fails unless the check passes. If AWS could not be asked, it fails with that failure, because
  /// there is nothing to fix.
  private Uni<Void> passed(KeystoreName name, KeystoreSettings settings) {
    return check(name, settings)
        .invoke(
            result -> {
              CheckResult.Step failed = result.failed();
              if (failed == null) {
                return;
              }
              throw refusal(name, failed);
            })
        .replaceWithVoid();
  }

  /// Returns the failure of a change whose check failed at this step.
  static RuntimeException refusal(KeystoreName name, CheckResult.Step failed) {
    KmsFailure failure = failed.failure();
    if (failure != null
        && switch (failure.kind()) {
          case UNREACHABLE, THROTTLED, TOO_MANY_CALLS -> true;
          default -> false;
        }) {
      RootKeyError error = Objects.requireNonNull(failed.error());
      return failure.explained(new KmsFailure.Explanation(error.hint(), error.time()));
    }
    return new KeystoreFailure.CheckFailed(name, failed);
  }

  /// Makes the next KEK now.
  ///
  /// @param requestId the same id names the same KEK; null if the caller gave none
  public Uni<KekDetails> rotate(KeystoreName name, @Nullable String requestId) {
    return rotation
        .rotate(name, requestId)
        .onFailure(KmsFailure.class)
        .recoverWithUni(failure -> explainedAsSaved(name, (KmsFailure) failure));
  }

  private <T> Uni<T> explainedAsSaved(KeystoreName name, KmsFailure failure) {
    return keystores
        .find(name)
        .onFailure()
        .transform(unknown -> failure)
        .chain(keystore -> explained(name, keystore.settings(), failure));
  }
}
