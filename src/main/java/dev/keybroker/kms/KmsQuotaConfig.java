package dev.keybroker.kms;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Map;

/// How fast all brokers of the deployment together generate key pairs and re-encrypt private keys.
/// AWS counts these calls by account, region and kind. The account is the caller's: that of the
/// role if the keystore has one, otherwise the broker's own, whatever account the key is in.
@ConfigMapping(prefix = "keybroker.kms-quota")
public interface KmsQuotaConfig {
  /// The quota of kms:GenerateDataKeyPair and kms:GenerateDataKeyPairWithoutPlaintext for
  /// ECC_NIST_P256 and ECC_NIST_P384, in calls a second. The default is AWS's.
  @WithDefault("100")
  @Bounds(above = "0")
  double ecc();

  /// The same for RSA_2048.
  @WithDefault("20")
  @Bounds(above = "0")
  double rsa2048();

  /// The same for RSA_3072.
  @WithDefault("4")
  @Bounds(above = "0")
  double rsa3072();

  /// The same for RSA_4096.
  @WithDefault("1")
  @Bounds(above = "0")
  double rsa4096();

  /// How many calls a second re-encryptions of KEKs make of the quota of symmetric cryptographic
  /// operations. Unwraps have the rest of that quota and are not limited here, so stay far below
  /// AWS's 10,000 (more in some regions).
  @WithDefault("500")
  @Bounds(above = "0")
  double symmetric();

  /// Quotas that differ, such as one that AWS has raised, in calls a second. The name is
  /// `account/region/kind`: twelve digits, or `own` for the account of the broker; and `ECC`,
  /// `RSA_2048`, `RSA_3072`, `RSA_4096` or `SYMMETRIC`.
  @Bounds(
      above = "0",
      names = "(own|[0-9]{12})/[a-z0-9-]+/(ECC|RSA_2048|RSA_3072|RSA_4096|SYMMETRIC)",
      form = "account/region/kind, such as own/eu-central-1/RSA_3072")
  Map<String, Double> of();

  /// The fraction of each quota that the brokers use. The rest covers calls that arrive closer
  /// together than they were made, retries, and other users of the account.
  @WithDefault("0.9")
  @Bounds(above = "0", atMost = "1")
  double use();

  /// The fraction of that part (`use`) that is reserved for calls that an administrator waits for.
  /// The rest is for scheduled rotations. Neither can use up the other's share.
  @WithDefault("0.5")
  @Bounds(above = "0", below = "1")
  double interactiveShare();

  /// How long a call that an administrator waits for may wait for its turn before it is refused
  /// with KEY_PAIRS_OVERLOADED.
  @WithDefault("10s")
  @Bounds(atLeast = "1 s")
  Duration longestWait();

  /// How many tests of root keys a tenant may run, in tests a second: `TestKeystore`, and creates
  /// and updates with `validate_only`. Further tests are refused with RATE_LIMITED.
  @WithDefault("1")
  @Bounds(above = "0")
  double tenantTests();

  /// The number of brokers that divide a rate while PostgreSQL, through which they share it, does
  /// not answer. Set it to the largest number of brokers that are ever started.
  @WithDefault("30")
  @Bounds(atLeast = "1")
  int brokers();
}
