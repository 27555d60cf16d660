package dev.keybroker.keystore;

import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.Urgency;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Replaces a keystore's ACTIVE KEK with a new one under the saved settings. If that fails, the old
/// one stays ACTIVE and the keystore records the error. Thread-safe.
@Singleton
public final class Rotation {
  /// A rotation starts again if the settings change in the middle of it.
  private static final int ATTEMPTS = 10;

  private final KeystoreRepository keystores;
  private final KeystoreStatus status;
  private final KekGeneration generation;
  private final RootKeyAccess access;
  private final Diagnosis diagnosis;
  private final LastErrors lastErrors;

  public Rotation(
      KeystoreRepository keystores,
      KeystoreStatus status,
      KekGeneration generation,
      RootKeyAccess access,
      Diagnosis diagnosis) {
    this.keystores = keystores;
    this.status = status;
    this.generation = generation;
    this.access = access;
    this.diagnosis = diagnosis;
    this.lastErrors = new LastErrors(status, diagnosis);
  }

  /// Returns the request id of the KEK that a version of the settings needs at once. The caller
  /// that saves the settings makes the KEK, or the sweep does; with this id, it is one KEK.
  public static String requested(long version) {
    return "wanted " + version;
  }

  /// Makes the next KEK now and plans the one after it. Fails with [KmsFailure], [KeystoreFailure]
  /// or [dev.keybroker.kek.KekFailure]. A retry is safe; with a request id, also if the answer was
  /// lost.
  ///
  /// @param requestId the same id names the same KEK; null if the caller gave none
  public Uni<KekDetails> rotate(KeystoreName name, @Nullable String requestId) {
    return rotate(name, requestId, Urgency.INTERACTIVE);
  }

  /// Like [#rotate(KeystoreName, String)], for a rotation that nobody waits for.
  Uni<KekDetails> rotateDue(KeystoreName name, String requestId) {
    return rotate(name, requestId, Urgency.SCHEDULED);
  }

  private Uni<KekDetails> rotate(KeystoreName name, @Nullable String requestId, Urgency urgency) {
    return keystores
        .find(name)
        .chain(
            keystore ->
                keystores
                    .tenant(name.tenant())
                    .chain(tenant -> rotate(keystore, tenant, requestId, urgency)))
        .onFailure(KeystoreFailure.Changed.class)
        .retry()
        .atMost(ATTEMPTS);
  }

  private Uni<KekDetails> rotate(
      Keystore keystore, Tenant tenant, @Nullable String requestId, Urgency urgency) {
    return generation
        .generate(keystore, tenant, requestId, urgency)
        .onFailure(KmsFailure.class)
        .call(failure -> noteFailure(keystore, tenant, (KmsFailure) failure))
        .call(kek -> noteSuccess(keystore, kek));
  }

  private Uni<Void> noteSuccess(Keystore keystore, KekDetails kek) {
    return kek.state() == KekState.ACTIVE && kek.activeTime() != null
        ? status.rotated(keystore.name(), keystore.version(), kek.activeTime())
        : status.rotatedBefore(keystore.name(), keystore.version());
  }

  /// Saves settings that need their own KEK, and makes it. All calls to KMS are made before
  /// anything is saved, so a refusal by KMS leaves no trace and nobody ever sees settings that are
  /// taken back.
  ///
  /// If the process dies between the two, the sweep makes the KEK.
  ///
  /// @param save saves the settings
  Uni<Void> save(KeystoreName name, KeystoreSettings settings, Supplier<Uni<Keystore>> save) {
    return keystores
        .tenant(name.tenant())
        .chain(
            tenant ->
                generation
                    .pair(name, settings, tenant, Urgency.INTERACTIVE)
                    .chain(pair -> save.get().chain(() -> install(name, settings, tenant, pair))));
  }

  /// If a concurrent save needs a different KEK, that caller generates it. Otherwise install this
  /// one.
  private Uni<Void> install(
      KeystoreName name, KeystoreSettings settings, Tenant tenant, KeyPairSource.Pair pair) {
    return keystores
        .find(name)
        .chain(
            present ->
                present.settings().makesSameKeks(settings)
                    ? generation
                        .generate(
                            present,
                            tenant,
                            requested(present.version()),
                            Uni.createFrom().item(pair))
                        .call(kek -> noteSuccess(present, kek))
                        .replaceWithVoid()
                    : Uni.createFrom().voidItem())
        .onFailure(KeystoreFailure.Changed.class)
        .retry()
        .atMost(ATTEMPTS);
  }

  /// Adds to the failure what the keystore's administrator needs to fix it. The Uni never fails.
  ///
  /// @param settings the settings under which KMS was called
  Uni<KmsFailure> explained(KeystoreName name, KeystoreSettings settings, KmsFailure failure) {
    return keystores
        .tenant(name.tenant())
        .chain(tenant -> explained(access.use(settings.rootKey(), tenant, name), failure))
        .onFailure()
        .recoverWithItem(failure);
  }

  /// Adds to the failure what to fix for this use of a key. The Uni never fails.
  Uni<KmsFailure> explained(KeyUse use, KmsFailure failure) {
    return diagnosis
        .of(failure, use)
        .map(error -> failure.explained(new KmsFailure.Explanation(error.hint(), error.time())));
  }

  private Uni<Void> noteFailure(Keystore keystore, Tenant tenant, KmsFailure failure) {
    KeystoreName name = keystore.name();
    return lastErrors
        .failed(name, access.use(keystore.settings().rootKey(), tenant, name), failure)
        .onFailure()
        .recoverWithNull();
  }
}
