package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsFailure;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.InstantSource;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Starts and tests re-encryptions of a keystore's private keys under its root key, for the
/// tenant's administrator. Thread-safe.
///
/// Unis fail with [KeystoreFailure], [dev.keybroker.kek.KekFailure] or [KmsFailure].
@Singleton
public final class KekReEncryption {
  private final KeystoreRepository keystores;
  private final KeystoreAdmin admin;
  private final Rotation rotation;
  private final RootKeyAccess access;
  private final ReEncryptions reEncryptions;
  private final Kms kms;
  private final InstantSource clock;

  public KekReEncryption(
      KeystoreRepository keystores,
      KeystoreAdmin admin,
      Rotation rotation,
      RootKeyAccess access,
      ReEncryptions reEncryptions,
      Kms kms,
      InstantSource clock) {
    this.keystores = keystores;
    this.admin = admin;
    this.rotation = rotation;
    this.access = access;
    this.reEncryptions = reEncryptions;
    this.kms = kms;
    this.clock = clock;
  }

  /// Starts the move of all private keys to the saved root key. A retry is safe.
  ///
  /// @param requestId the same id names the same re-encryption; null if the caller gave none
  public Uni<ReEncryption> start(KeystoreName name, @Nullable String requestId) {
    return keystores
        .find(name)
        .chain(keystore -> target(name, keystore.settings()))
        .chain(target -> reEncryptions.start(name, target, requestId));
  }

  /// Tests what a re-encryption under these settings needs, whether they are saved or not: the root
  /// key as a save does, and a dry run of `kms:Decrypt` under each former one. Returns it as it
  /// would start.
  public Uni<ReEncryption> validate(KeystoreName name, KeystoreSettings settings) {
    return admin
        .validateRootKey(name, settings)
        .chain(() -> target(name, settings))
        .chain(
            target ->
                reEncryptions
                    .privateKeys(name)
                    .call(keys -> decryptable(formerOf(keys, target)))
                    .map(keys -> preview(keys, target)));
  }

  /// Returns the use of the root key by its key ARN. If KMS does not describe the key, an alias
  /// stays until the first use of the key shows which one it is.
  private Uni<KeyUse> target(KeystoreName name, KeystoreSettings settings) {
    return keystores
        .tenant(name.tenant())
        .map(tenant -> access.use(settings.rootKey(), tenant, name))
        .chain(
            use ->
                use.key().arn().isAlias()
                    ? kms.describe(use)
                        .map(described -> use.of(described.keyArn()))
                        .onFailure(KekReEncryption::isDenied)
                        .recoverWithItem(use)
                    : Uni.createFrom().item(use))
        .onFailure(KmsFailure.class)
        .recoverWithUni(failure -> explained(name, settings, (KmsFailure) failure));
  }

  private static boolean isDenied(Throwable failure) {
    return failure instanceof KmsFailure kms && kms.kind() == KmsFailure.Kind.ACCESS_DENIED;
  }

  private <T> Uni<T> explained(KeystoreName name, KeystoreSettings settings, KmsFailure failure) {
    return rotation
        .explained(name, settings, failure)
        .chain(explained -> Uni.createFrom().failure(explained));
  }

  /// Returns one private key for each use of a KMS key other than the target.
  private static Collection<StoredPrivateKey> formerOf(List<StoredPrivateKey> keys, KeyUse target) {
    Map<KeyUse, StoredPrivateKey> samples = new LinkedHashMap<>();
    keys.forEach(key -> samples.putIfAbsent(key.rootKey(), key));
    samples.remove(target);
    return samples.values();
  }

  private Uni<Void> decryptable(Collection<StoredPrivateKey> samples) {
    return Multi.createFrom()
        .iterable(samples)
        .onItem()
        .transformToUniAndConcatenate(
            key ->
                kms.checkDecrypt(key.rootKey(), key.encrypted())
                    .onFailure(KmsFailure.class)
                    .recoverWithUni(
                        failure ->
                            rotation
                                .explained(key.rootKey(), (KmsFailure) failure)
                                .chain(explained -> Uni.createFrom().failure(explained))))
        .collect()
        .last();
  }

  private ReEncryption preview(List<StoredPrivateKey> keys, KeyUse target) {
    return new ReEncryption(
        ReEncryption.State.IN_PROGRESS,
        target.key().arn(),
        keys.size(),
        (int) keys.stream().filter(key -> key.rootKey().equals(target)).count(),
        0,
        null,
        clock.instant(),
        null,
        List.of());
  }
}
