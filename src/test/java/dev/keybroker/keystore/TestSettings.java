package dev.keybroker.keystore;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kms.KmsArn;
import java.time.Duration;

/// The settings of a keystore as tests want them mostly.
public final class TestSettings {
  private TestSettings() {}

  /// P-256 under this KMS key, never rotated by time.
  public static KeystoreSettings of(String keyArn) {
    return new KeystoreSettings(
        "Calls",
        new RootKey.TenantManaged(KmsArn.parse(keyArn), null),
        KeyPairSpec.ECC_NIST_P256,
        RotationPeriod.NEVER,
        Duration.ofSeconds(60),
        OnKmsOutage.WRAP_WITH_LAST_KNOWN_KEK);
  }
}
