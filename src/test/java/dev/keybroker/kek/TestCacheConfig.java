package dev.keybroker.kek;

import java.time.Duration;

/// The bounds that a test sets.
record TestCacheConfig(
    Duration staleWait, Duration unwrapMaxAge, long maxPrivateKeks, long maxRecordBytes)
    implements KekCacheConfig {

  static TestCacheConfig defaults() {
    return new TestCacheConfig(Duration.ofMillis(250), Duration.ofHours(24), 1_000, 1 << 20);
  }

  TestCacheConfig withMaxPrivateKeks(long count) {
    return new TestCacheConfig(staleWait, unwrapMaxAge, count, maxRecordBytes);
  }

  TestCacheConfig withMaxRecordBytes(long bytes) {
    return new TestCacheConfig(staleWait, unwrapMaxAge, maxPrivateKeks, bytes);
  }

  TestCacheConfig withStaleWait(Duration wait) {
    return new TestCacheConfig(wait, unwrapMaxAge, maxPrivateKeks, maxRecordBytes);
  }

  TestCacheConfig withUnwrapMaxAge(Duration age) {
    return new TestCacheConfig(staleWait, age, maxPrivateKeks, maxRecordBytes);
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
}
