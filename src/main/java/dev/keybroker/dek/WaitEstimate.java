package dev.keybroker.dek;

import java.util.concurrent.atomic.AtomicLong;

/// How long an operation waits for a thread of a pool: those before it in the queue by what the
/// last ones took, on the clock, whatever the threads had to share their processor with. It follows
/// a machine that is slow today, which a length of the queue cannot; a single slow operation (the
/// first one, a pause of the process) moves it little. Thread-safe.
final class WaitEstimate {
  /// The average follows about so many operations.
  private static final int MEMORY = 16;

  /// An operation counts for at most so many average ones and a millisecond.
  private static final int MOST = 4;

  private static final long MILLISECOND = 1_000_000;

  private final int threads;
  private final AtomicLong averageNanos = new AtomicLong();

  /// @param threads of the pool
  WaitEstimate(int threads) {
    this.threads = threads;
  }

  /// An operation ended.
  void took(long nanos) {
    averageNanos.updateAndGet(
        average -> {
          long counted = Math.min(nanos, MOST * average + MILLISECOND);
          return average + (counted - average) / MEMORY;
        });
  }

  /// The expected wait behind so many operations, in nanoseconds. Too low until some have ended.
  long nanos(int waiting) {
    return averageNanos.get() * waiting / threads;
  }
}
