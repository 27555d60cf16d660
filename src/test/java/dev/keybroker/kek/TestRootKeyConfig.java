package dev.keybroker.kek;

import java.time.Duration;

/// The defaults, except for a small memory.
record TestRootKeyConfig(int backgroundRate) implements RootKeyConfig {
  static final Duration FRESHNESS = Duration.ofSeconds(60);
  static final Duration RETRY = Duration.ofSeconds(1);

  @Override
  public Duration freshness() {
    return FRESHNESS;
  }

  @Override
  public Duration retry() {
    return RETRY;
  }

  @Override
  public long max() {
    return 1_000;
  }
}
