package dev.keybroker.keystore;

import dev.keybroker.kek.KekDetails;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KeystoreName;
import io.smallrye.mutiny.Uni;
import org.jspecify.annotations.Nullable;

/// The use cases of a tenant's administrator. Thread-safe; blocks no caller's thread.
///
/// Unis fail with [KeystoreFailure], [KekFailure] or [dev.keybroker.kms.KmsFailure].
public final class Keystores {
  private static final int ATTEMPTS = 3;

  private final KeystoreRepository keystores;
  private final KekGeneration generation;

  public Keystores(KeystoreRepository keystores, KekGeneration generation) {
    this.keystores = keystores;
    this.generation = generation;
  }

  /// Saves a keystore and makes its first KEK. The same settings again have the same answer.
  public Uni<Keystore> create(KeystoreName name, KeystoreSettings settings) {
    return keystores
        .insert(name, settings)
        .chain(
            inserted -> {
              Keystore keystore = inserted.keystore();
              if (!keystore.settings().equals(settings)) {
                return Uni.createFrom().failure(new KeystoreFailure.AlreadyExists(name));
              }
              if (keystore.activeKek() != null) {
                return Uni.createFrom().item(keystore);
              }
              return makeKek(name, null)
                  .onFailure()
                  .call(() -> keystores.takeBack(name).onFailure().recoverWithNull())
                  .chain(() -> keystores.find(name));
            });
  }

  /// Makes the next KEK under the settings as they are saved now, and plans the one after it.
  private Uni<KekDetails> makeKek(KeystoreName name, @Nullable String requestId) {
    return keystores
        .find(name)
        .chain(
            keystore ->
                keystores
                    .tenant(name.tenant())
                    .chain(tenant -> generation.generate(keystore, tenant, requestId))
                    .call(
                        kek ->
                            kek.activeTime() == null
                                ? Uni.createFrom().voidItem()
                                : keystores.rotated(name, keystore.version(), kek.activeTime())))
        .onFailure(KekFailure.UnknownKek.class)
        .retry()
        .atMost(ATTEMPTS);
  }
}
