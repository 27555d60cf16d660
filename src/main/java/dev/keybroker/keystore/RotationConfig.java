package dev.keybroker.keystore;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// When and how fast scheduled rotations are made.
@ConfigMapping(prefix = "keybroker.rotation")
public interface RotationConfig {
  /// How often each broker looks for what is due: KEKs to rotate, private keys to erase, intents
  /// whose broker is gone. At least 100 ms. Reserved rotations are made in bursts of this length,
  /// so one second at most keeps within the quotas.
  @WithDefault("1s")
  Duration every();

  /// Scheduled rotations are put off by a random time below this, so that keystores which are due
  /// together are spread. Zero puts nothing off.
  @WithDefault("10s")
  Duration jitter();

  /// Which part of the quotas below scheduled rotations may use, all brokers together: above 0, at
  /// most 1. The rest is for the callers' own changes of key.
  @WithDefault("0.5")
  double quotaShare();

  /// The quota of kms:GenerateDataKeyPair for ECC_NIST_P256 and ECC_NIST_P384 in one account and
  /// region, in calls a second. The default is AWS's. Above 0.
  @WithDefault("100")
  double quotaEcc();

  /// The same for RSA_2048.
  @WithDefault("20")
  double quotaRsa2048();

  /// The same for RSA_3072.
  @WithDefault("4")
  double quotaRsa3072();

  /// The same for RSA_4096.
  @WithDefault("1")
  double quotaRsa4096();

  /// How many rotations one broker makes at once. At least 1.
  @WithDefault("16")
  int concurrency();

  /// How long a broker that took a due rotation has for it before another one may take it. Longer
  /// than a KMS call with its retries. At least 10 s.
  @WithDefault("2M")
  Duration lease();

  /// How long after the first failure the next attempt is made; it doubles with each further one.
  @WithDefault("30s")
  Duration firstRetry();

  /// The longest time between two attempts.
  @WithDefault("1H")
  Duration longestRetry();
}
