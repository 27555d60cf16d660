package dev.keybroker.kms.aws;

import java.time.Duration;

/// The end of the time that an operation has, for its credentials, its call and their retries
/// together.
record CallDeadline(long endNanos) {
  private static final Duration SHORTEST = Duration.ofMillis(1);

  static CallDeadline in(Duration timeout) {
    return new CallDeadline(System.nanoTime() + timeout.toNanos());
  }

  /// Returns the deadline for the first half of the remaining time.
  CallDeadline half() {
    return in(left().dividedBy(2));
  }

  /// Returns the remaining time, at least a millisecond.
  Duration left() {
    Duration left = Duration.ofNanos(endNanos - System.nanoTime());
    return left.compareTo(SHORTEST) > 0 ? left : SHORTEST;
  }
}
