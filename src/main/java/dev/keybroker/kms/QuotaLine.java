package dev.keybroker.kms;

import java.time.Duration;

/// A rate: one call each interval. After a pause, `burst` more time may be used up at once.
///
/// The only stored state of a line is its *free time*, from which it is free again. A call may be
/// made if that time is no further ahead than `burst`. The call moves it forward by one interval,
/// counted from now if it has passed. So within any time T, at most (T + burst) / interval + 1
/// calls are made.
///
/// @param name the same for all brokers
/// @param interval above zero
/// @param burst at least zero
public record QuotaLine(String name, Duration interval, Duration burst) {
  /// Returns a line with this many calls a second. The calls of a time of `burst` may be made at
  /// once.
  static QuotaLine of(String name, double perSecond, Duration burst) {
    Duration interval = Duration.ofNanos((long) Math.ceil(1e9 / perSecond));
    Duration left = burst.minus(interval);
    return new QuotaLine(name, interval, left.isNegative() ? Duration.ZERO : left);
  }

  /// Returns the share that one broker may use while this many brokers cannot ask each other.
  QuotaLine shareOf(int brokers) {
    return new QuotaLine(name, interval.multipliedBy(brokers), Duration.ZERO);
  }
}
