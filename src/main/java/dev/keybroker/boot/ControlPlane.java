package dev.keybroker.boot;

import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairs;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekRepository;
import dev.keybroker.keystore.KekGeneration;
import dev.keybroker.keystore.KeystoreConfig;
import dev.keybroker.keystore.KeystoreRepository;
import dev.keybroker.keystore.Keystores;
import dev.keybroker.keystore.KmsContextConfig;
import dev.keybroker.keystore.RootKeyAccess;
import dev.keybroker.kms.Kms;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;

/// The control plane, put together.
class ControlPlane {
  @Produces
  @Singleton
  RootKeyAccess rootKeyAccess(KeystoreConfig config, KmsContextConfig contextConfig) {
    return new RootKeyAccess(config, contextConfig);
  }

  @Produces
  @Singleton
  KekGeneration kekGeneration(
      KekRepository keks,
      Kms kms,
      KeyCodec codec,
      KeyPairs keyPairs,
      RootKeyAccess access,
      KekChanges changes) {
    return new KekGeneration(
        keks, kms, codec, keyPairs, access, changes, Infrastructure.getDefaultExecutor());
  }

  @Produces
  @Singleton
  Keystores keystores(KeystoreRepository keystores, KekGeneration generation) {
    return new Keystores(keystores, generation);
  }
}
