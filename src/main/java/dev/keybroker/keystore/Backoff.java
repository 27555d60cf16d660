package dev.keybroker.keystore;

import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Random;

/// The time until the next attempt at work that failed for a reason that may pass.
@Singleton
public final class Backoff {
  private final RotationConfig config;
  private final Random random;

  public Backoff(RotationConfig config, Random random) {
    this.config = config;
    this.random = random;
  }

  /// Doubles with each failure up to the cap, and subtracts up to a random quarter, so that
  /// attempts spread.
  Duration after(int failures) {
    long first = config.firstRetry().toMillis();
    long longest = config.longestRetry().toMillis();
    long delay = Math.min(longest, first << Math.min(failures - 1, 20));
    return Duration.ofMillis(delay - random.nextLong(delay / 4 + 1));
  }
}
