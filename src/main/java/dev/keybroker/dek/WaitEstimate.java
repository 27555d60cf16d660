package dev.keybroker.dek;

import java.util.concurrent.atomic.AtomicLong;

/// Estimates how long an operation waits for a thread of a pool: the number of operations before
/// it, times the recent average duration. Durations are wall-clock times, so the estimate includes
/// contention for processors and adapts to a slow machine, which a limit on the queue's length
/// cannot. A single slow operation (the first one, a pause of the process) has little effect.
/// Thread-safe.
final class WaitEstimate {
  /// The average covers about this many operations.
  private static final int MEMORY = 16;

  /// An operation counts as at most this many average ones plus a millisecond.
  private static final int MOST = 4;

  private static final long MILLISECOND = 1_000_000;

  private final int threads;
  private final AtomicLong averageNanos = new AtomicLong();

  /// @param threads the number of threads of the pool
  WaitEstimate(int threads) {
    this.threads = threads;
  }

  /// Records the duration of an operation.
  void took(long nanos) {
    averageNanos.updateAndGet(
        average -> {
          long counted = Math.min(nanos, MOST * average + MILLISECOND);
          return average + (counted - average) / MEMORY;
        });
  }

  /// The expected wait behind this many operations, in nanoseconds. Too low until some have ended.
  long nanos(int waiting) {
    return averageNanos.get() * waiting / threads;
  }
}
