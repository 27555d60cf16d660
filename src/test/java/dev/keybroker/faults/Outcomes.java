package dev.keybroker.faults;

import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;

/// What became of the calls of one kind. Thread-safe.
final class Outcomes {
  private final Map<String, Long> refusals = new TreeMap<>();
  private long right;
  private long wrong;
  private long slowestNanos;
  private long lastRefusedNanos = Long.MIN_VALUE;

  synchronized void addRight(long nanos) {
    right++;
    slowestNanos = Math.max(slowestNanos, nanos);
  }

  /// An answer that is not the known one.
  synchronized void addWrong() {
    wrong++;
  }

  /// @param started when the call was made, by `System.nanoTime`
  synchronized void addRefused(String reason, long started, long nanos) {
    refusals.merge(reason, 1L, Long::sum);
    slowestNanos = Math.max(slowestNanos, nanos);
    lastRefusedNanos = Math.max(lastRefusedNanos, started);
  }

  synchronized long right() {
    return right;
  }

  synchronized long wrong() {
    return wrong;
  }

  synchronized long calls() {
    return right + wrong + refused();
  }

  synchronized long refused() {
    return refusals.values().stream().mapToLong(Long::longValue).sum();
  }

  /// How many calls were refused by each reason.
  synchronized Map<String, Long> refusals() {
    return new TreeMap<>(refusals);
  }

  synchronized Duration slowest() {
    return Duration.ofNanos(slowestNanos);
  }

  /// When the youngest of the refused calls was made, by `System.nanoTime`; long ago where none
  /// was.
  synchronized long lastRefusedNanos() {
    return lastRefusedNanos;
  }

  @Override
  public synchronized String toString() {
    return right + " right, " + wrong + " wrong, refused " + refusals;
  }
}
