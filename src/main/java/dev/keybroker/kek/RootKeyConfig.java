package dev.keybroker.kek;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// Settings for what a broker knows about its root keys: for each, KMS's last answer to this
/// broker.
@ConfigMapping(prefix = "keybroker.root-key")
public interface RootKeyConfig {
  /// How long KMS's answer to a kms:Decrypt is valid as the state of a root key. If the last answer
  /// is older, the next wrap makes a dry run of kms:Decrypt. For a keystore with FAIL_CLOSED, the
  /// wrap waits for it; from three quarters of this time on, a wrap starts the dry run in advance
  /// and does not wait.
  @WithDefault("60s")
  @Bounds(above = "0")
  Duration freshness();

  /// How long after a failure the wraps of a keystore with FAIL_CLOSED are refused without another
  /// call of KMS. The first wrap after this time waits for a new answer.
  @WithDefault("1s")
  @Bounds(above = "0")
  Duration retry();

  /// The maximum number of dry runs of kms:Decrypt per second and broker for keystores that
  /// continue with the last known KEK. No wrap waits for them; they show whether a wrap used a last
  /// known KEK. With 0, the broker makes none and knows the state only from unwraps.
  @WithDefault("10")
  @Bounds(atLeast = "0")
  int backgroundRate();

  /// The maximum number of root keys to remember, 1.2 KiB each. The least used are evicted first.
  @WithDefault("10000")
  @Bounds(atLeast = "1")
  long max();
}
