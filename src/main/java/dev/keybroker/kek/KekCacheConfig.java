package dev.keybroker.kek;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// The bounds of what the broker remembers of KEKs.
@ConfigMapping(prefix = "keybroker.kek")
public interface KekCacheConfig {
  /// How old a KEK record may be, counted from its read in PostgreSQL, before the stores are asked
  /// again. A missed change is seen after this time at the latest. Zero asks them on every call.
  @WithDefault("30s")
  Duration freshness();

  /// How long a call waits for the stores when the record in memory is no longer fresh, before it
  /// goes on with the last known one. Zero means it does not wait.
  @WithDefault("250ms")
  Duration staleWait();

  /// After the stores failed to answer for a record: how long until they are asked for it again.
  @WithDefault("1s")
  Duration retry();

  /// How many records (ACTIVE public KEKs, and as many KEKs to unwrap with) are kept in memory. At
  /// least 1.
  @WithDefault("200000")
  long maxRecords();

  /// How many decrypted private KEKs are kept in memory. At least 1.
  @WithDefault("10000")
  long maxPrivateKeks();
}
