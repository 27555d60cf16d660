package dev.keybroker.kms;

import dev.keybroker.crypto.KeyPairSpec;
import java.time.Duration;
import java.util.regex.Pattern;

/// Which request quota of AWS a call is counted against, and how the brokers divide it.
public final class KmsQuotas {
  private static final String OWN_ACCOUNT = "own";
  private static final Pattern NAME =
      Pattern.compile("(own|\\d{12})/[a-z0-9-]+/(ECC|RSA_2048|RSA_3072|RSA_4096)");

  /// How much of the whole rate may be used at once. With nine tenths of AWS's quotas, no second
  /// has more calls than the quotas allow, whenever it starts.
  private static final Duration BURST = Duration.ofMillis(100);

  /// How much of a share may be used at once, to make up for the pause between two sweeps.
  private static final Duration BURST_OF_SHARE = Duration.ofMillis(500);

  private static final Duration SHORTEST_WAIT = Duration.ofSeconds(1);

  private final KmsQuotaConfig config;

  /// @throws IllegalArgumentException if a setting is out of bounds
  public KmsQuotas(KmsQuotaConfig config) {
    this.config = config;
    for (KeyPairSpec spec : KeyPairSpec.values()) {
      require(byDefault(spec) > 0, "a quota", "above 0");
    }
    config
        .of()
        .forEach(
            (name, perSecond) -> {
              require(
                  NAME.matcher(name).matches(),
                  "of.\"" + name + "\"",
                  "named account/region/kind, such as own/eu-central-1/RSA_3072");
              require(perSecond > 0, "of.\"" + name + "\"", "above 0");
            });
    require(config.use() > 0 && config.use() <= 1, "use", "above 0 and at most 1");
    require(
        config.interactiveShare() > 0 && config.interactiveShare() < 1,
        "interactive-share",
        "above 0 and below 1");
    require(config.longestWait().compareTo(SHORTEST_WAIT) >= 0, "longest-wait", "at least 1 s");
    require(config.tenantTests() > 0, "tenant-tests", "above 0");
    require(config.brokers() >= 1, "brokers", "at least 1");
  }

  private static void require(boolean holds, String setting, String rule) {
    if (!holds) {
      throw new IllegalArgumentException("keybroker.kms-quota." + setting + " must be " + rule);
    }
  }

  /// The quota that the generation of a key pair of this spec under this key is counted against.
  public KmsQuota keyPairs(KmsKey key, KeyPairSpec spec) {
    AssumedRole role = key.role();
    String account = role == null ? OWN_ACCOUNT : role.roleArn().split(":", 6)[4];
    String name = account + "/" + key.arn().region() + "/" + kind(spec);
    double perSecond = config.of().getOrDefault(name, byDefault(spec)) * config.use();
    double interactive = perSecond * config.interactiveShare();
    return new KmsQuota(
        name,
        QuotaLine.of(name + "/all", perSecond, BURST),
        QuotaLine.of(name + "/interactive", interactive, BURST_OF_SHARE),
        QuotaLine.of(name + "/scheduled", perSecond - interactive, BURST_OF_SHARE));
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
