package dev.keybroker.kek.redis;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// Settings of the tier in Redis.
@ConfigMapping(prefix = "keybroker.redis")
public interface RedisConfig {
  /// The MAC keys for entries, separated by commas: each at least 32 bytes, in base64. A broker
  /// seals entries with the first key and accepts entries sealed with any of them. All brokers of a
  /// deployment need the same keys, except during a rollout. Never store them in Redis. One key is
  /// enough except while it is being replaced. Required outside dev and test mode.
  @Bounds(macKey = true)
  Optional<List<String>> macKey();

  /// How long a read or write may take before the broker asks the next tier.
  @WithDefault("200ms")
  @Bounds(atLeast = "1 ms")
  Duration timeout();

  /// How long Redis keeps an entry. Beyond its freshness, an entry is used only as the last known
  /// record while PostgreSQL does not answer. An ACTIVE KEK is used for at most this time, counted
  /// from its read in PostgreSQL, even if Redis keeps it longer. For a KEK to unwrap with, the
  /// limit is `keybroker.kek.unwrap-max-age`.
  @WithDefault("24h")
  @Bounds(atLeast = "1 s")
  Duration retention();

  /// The prefix of all keys and of the channel, so that several deployments can share one Redis.
  @WithDefault("keybroker:")
  String prefix();
}
