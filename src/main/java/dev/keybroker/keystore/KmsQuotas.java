package dev.keybroker.keystore;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsKey;
import java.time.Duration;

/// Which quota of KMS a generation of a key pair is counted against, and how fast that may be used.
///
/// KMS counts by account, region and kind of key pair. The account is the caller's: that of the
/// role where there is one, else the broker's own, whatever account the key is in.
public final class KmsQuotas {
  private static final String OWN_ACCOUNT = "own";

  private final RotationConfig config;

  /// @throws IllegalArgumentException where a setting is out of bounds
  public KmsQuotas(RotationConfig config) {
    this.config = config;
    if (!(config.quotaShare() > 0 && config.quotaShare() <= 1)) {
      throw new IllegalArgumentException("keybroker.rotation.quota-share is not within (0, 1]");
    }
    for (KeyPairSpec spec : KeyPairSpec.values()) {
      if (!(perSecond(spec) > 0)) {
        throw new IllegalArgumentException("a keybroker.rotation.quota is not above 0");
      }
    }
  }

  /// One quota.
  ///
  /// @param name `{account}/{region}/{kind}`
  /// @param interval the time between two calls
  public record Quota(String name, Duration interval) {}

  /// The quota that a key pair of this spec under this key is counted against.
  public Quota of(KmsKey key, KeyPairSpec spec) {
    String account = key.role() == null ? OWN_ACCOUNT : account(key.role().roleArn());
    KmsArn arn = key.arn();
    return new Quota(
        account + "/" + arn.region() + "/" + kind(spec),
        Duration.ofNanos((long) (1e9 / (perSecond(spec) * config.quotaShare()))));
  }

  private static String account(String roleArn) {
    return roleArn.split(":", 6)[4];
  }

  private static String kind(KeyPairSpec spec) {
    return switch (spec) {
      case ECC_NIST_P256, ECC_NIST_P384 -> "ECC";
      case RSA_2048, RSA_3072, RSA_4096 -> spec.name();
    };
  }

  private double perSecond(KeyPairSpec spec) {
    return switch (spec) {
      case ECC_NIST_P256, ECC_NIST_P384 -> config.quotaEcc();
      case RSA_2048 -> config.quotaRsa2048();
      case RSA_3072 -> config.quotaRsa3072();
      case RSA_4096 -> config.quotaRsa4096();
    };
  }
}
