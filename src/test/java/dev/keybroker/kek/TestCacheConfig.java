package dev.keybroker.kek;

import java.time.Duration;

/// The bounds that a test sets.
record TestCacheConfig(Duration staleWait, Duration unwrapMaxAge, long maxPrivateKeks)
    implements KekCacheConfig {

  static TestCacheConfig defaults() {
    return new TestCacheConfig(Duration.ofMillis(250), Duration.ofHours(24), 1_000);
  }

  TestCacheConfig withMaxPrivateKeks(long count) {
    return new TestCacheConfig(staleWait, unwrapMaxAge, count);
  }

  TestCacheConfig withStaleWait(Duration wait) {
    return new TestCacheConfig(wait, unwrapMaxAge, maxPrivateKeks);
  }

  TestCacheConfig withUnwrapMaxAge(Duration age) {
    return new TestCacheConfig(staleWait, age, maxPrivateKeks);
  }

  @Override
  public Duration freshness() {
    return Duration.ofSeconds(30);
  }

  @Override
  public Duration staleAge() {
    return Duration.ofSeconds(1);
  }

  @Override
  public Duration retry() {
    return Duration.ofSeconds(1);
  }

  @Override
  public Duration unknownTime() {
    return Duration.ofSeconds(5);
  }

  @Override
  public long maxUnknown() {
    return 1_000;
  }

  @Override
  public long maxRecordBytes() {
    return 1 << 20;
  }
}
