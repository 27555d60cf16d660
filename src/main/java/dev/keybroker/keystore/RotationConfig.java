package dev.keybroker.keystore;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// When scheduled rotations are made. `keybroker.kms-quota` limits how fast.
@ConfigMapping(prefix = "keybroker.rotation")
public interface RotationConfig {
  /// How often each broker looks for due work: KEKs to rotate or to re-encrypt, private keys to
  /// erase, intents whose broker is gone.
  @WithDefault("1s")
  @Bounds(atLeast = "100 ms")
  Duration every();

  /// Scheduled rotations are delayed by a random time below this, so that keystores that are due
  /// together are spread. Zero means no delay.
  @WithDefault("10s")
  @Bounds(atLeast = "0")
  Duration jitter();

  /// How many rotations one broker makes at once, and in how many keystores it re-encrypts KEKs.
  @WithDefault("16")
  @Bounds(atLeast = "1")
  int concurrency();

  /// How long a broker may work on a due rotation before another broker may take it. Longer than a
  /// KMS call with its retries.
  @WithDefault("2M")
  @Bounds(atLeast = "10 s")
  Duration lease();

  /// How long after the first failure the next attempt is made. The time doubles with each further
  /// failure.
  @WithDefault("30s")
  @Bounds(above = "0")
  Duration firstRetry();

  /// The longest time between two attempts.
  @WithDefault("1H")
  @Bounds(above = "0")
  Duration longestRetry();
}
