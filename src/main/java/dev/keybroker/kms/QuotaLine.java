package dev.keybroker.kms;

import java.time.Duration;

/// A rate: one call each interval. After a pause, `burst` more time may be used up at once.
///
/// All that is stored of a line is its *free time*, from which it is free again. A call may be made
/// where that is no further ahead than `burst`, and moves it on by one interval, counted from now
/// if it has passed. So within any time T no more than (T + burst) / interval + 1 calls are made.
///
/// @param name the same for all brokers
/// @param interval above zero
/// @param burst at least zero
public record QuotaLine(String name, Duration interval, Duration burst) {
  /// A line of so many calls a second, of which what comes within `burst` may be made at once.
  static QuotaLine of(String name, double perSecond, Duration burst) {
    Duration interval = Duration.ofNanos((long) Math.ceil(1e9 / perSecond));
    Duration left = burst.minus(interval);
    return new QuotaLine(name, interval, left.isNegative() ? Duration.ZERO : left);
  }

  /// What one broker may use by itself where it is one of so many that cannot ask each other.
  QuotaLine shareOf(int brokers) {
    return new QuotaLine(name, interval.multipliedBy(brokers), Duration.ZERO);
  }
}
