package dev.keybroker.kek;

import java.time.Duration;

/// The bounds that a test sets.
record TestCacheConfig(
    Duration freshness, Duration staleWait, Duration retry, long maxRecords, long maxPrivateKeks)
    implements KekCacheConfig {

  static TestCacheConfig defaults() {
    return new TestCacheConfig(
        Duration.ofSeconds(30), Duration.ofMillis(250), Duration.ofSeconds(1), 1_000, 1_000);
  }

  TestCacheConfig withMaxPrivateKeks(long count) {
    return new TestCacheConfig(freshness, staleWait, retry, maxRecords, count);
  }

  TestCacheConfig withStaleWait(Duration wait) {
    return new TestCacheConfig(freshness, wait, retry, maxRecords, maxPrivateKeks);
  }
}
