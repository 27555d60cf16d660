package dev.keybroker.kek.redis;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/// What the broker keeps in Redis, and how long it waits for it.
@ConfigMapping(prefix = "keybroker.redis")
public interface RedisConfig {
  /// The keys of the MAC on every entry, separated by commas: each at least 32 bytes, base64. The
  /// first one seals what a broker writes; an entry is accepted under any of them. The same for all
  /// brokers of a deployment, except during a rollout, and never stored in Redis. One key is enough
  /// until it is replaced. Required outside dev and test.
  Optional<List<String>> macKey();

  /// How long a read or write may take before the next tier is asked. At least 1 ms.
  @WithDefault("200ms")
  Duration timeout();

  /// How long Redis keeps an entry. Beyond its freshness it is used only as the last known record,
  /// while PostgreSQL does not answer: that of an ACTIVE KEK for this time at most, counted from
  /// its read in PostgreSQL, whatever Redis keeps. For a KEK to unwrap with, that age is
  /// `keybroker.kek.unwrap-max-age`. At least 1 s.
  @WithDefault("24h")
  Duration retention();

  /// The prefix of all keys and of the channel, so that several deployments can share one Redis.
  @WithDefault("keybroker:")
  String prefix();
}
