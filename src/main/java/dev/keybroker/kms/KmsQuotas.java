package dev.keybroker.kms;

import dev.keybroker.crypto.KeyPairSpec;
import java.time.Duration;

/// Which request quota of AWS a call is counted against, and how the brokers divide it.
public final class KmsQuotas {
  private static final String OWN_ACCOUNT = "own";
  private static final String SYMMETRIC = "SYMMETRIC";

  /// How much of the whole rate may be used at once. With nine tenths of AWS's quotas, no second
  /// has more calls than the quotas allow, whenever it starts.
  private static final Duration BURST = Duration.ofMillis(100);

  /// How much of a share may be used at once, to make up for the pause between two sweeps.
  private static final Duration BURST_OF_SHARE = Duration.ofMillis(500);

  private final KmsQuotaConfig config;

  public KmsQuotas(KmsQuotaConfig config) {
    this.config = config;
  }

  /// The quota that the generation of a key pair of this spec under this key is counted against.
  public KmsQuota keyPairs(KmsKey key, KeyPairSpec spec) {
    String name = name(key, kind(spec));
    double perSecond = config.of().getOrDefault(name, byDefault(spec)) * config.use();
    double interactive = perSecond * config.interactiveShare();
    return new KmsQuota(
        name,
        QuotaLine.of(name + "/all", perSecond, BURST),
        QuotaLine.of(name + "/interactive", interactive, BURST_OF_SHARE),
        QuotaLine.of(name + "/scheduled", perSecond - interactive, BURST_OF_SHARE));
  }

  /// The part of the quota of symmetric operations that re-encryptions use.
  QuotaLine reEncryptions(KmsKey key) {
    String name = name(key, SYMMETRIC);
    return QuotaLine.of(name, config.of().getOrDefault(name, config.symmetric()), BURST);
  }

  private static String name(KmsKey key, String kind) {
    AssumedRole role = key.role();
    String account = role == null ? OWN_ACCOUNT : role.roleArn().split(":", 6)[4];
    return account + "/" + key.arn().region() + "/" + kind;
  }

  /// How often a tenant may test root keys; two tests may follow each other immediately.
  QuotaLine tests(String tenant) {
    Duration interval = Duration.ofNanos((long) Math.ceil(1e9 / config.tenantTests()));
    return new QuotaLine("tests/" + tenant, interval, interval);
  }

  private static String kind(KeyPairSpec spec) {
    return switch (spec) {
      case ECC_NIST_P256, ECC_NIST_P384 -> "ECC";
      case RSA_2048, RSA_3072, RSA_4096 -> spec.name();
    };
  }

  private double byDefault(KeyPairSpec spec) {
    return switch (spec) {
      case ECC_NIST_P256, ECC_NIST_P384 -> config.ecc();
      case RSA_2048 -> config.rsa2048();
      case RSA_3072 -> config.rsa3072();
      case RSA_4096 -> config.rsa4096();
    };
  }
}
