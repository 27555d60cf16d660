package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Clock;
import java.time.Duration;

/// Time that has passed, also while the machine stood still. Thread-safe.
///
/// The monotonic clock stops while a machine is suspended, and in a snapshot of it until that is
/// resumed; the wall clock goes on or is put right afterwards. This ticker advances with the
/// monotonic clock, and by as much more as the wall clock moves ahead of it. What ends at a time of
/// this ticker therefore ends by whichever clock gets there first. A wall clock that is set back
/// changes nothing, and hides nothing that passes after it.
public final class ElapsedTime implements Ticker {
  /// The two clocks may differ by so much before it counts: readings of theirs are never taken at
  /// the same moment.
  static final Duration TOLERANCE = Duration.ofMillis(50);

  private static final long TOLERANCE_NANOS = TOLERANCE.toNanos();

  /// Two readings of the monotonic clock that enclose one of the wall clock without a pause.
  private static final long QUICK_NANOS = Duration.ofMillis(5).toNanos();

  private static final int ATTEMPTS = 10;
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final Ticker monotonic;
  private final Clock wall;
  private volatile Clocks clocks;

  /// @param offset the wall clock less the monotonic clock, when they were last compared
  /// @param ahead how much the wall clock has moved ahead altogether
  private record Clocks(long offset, long ahead) {}

  public ElapsedTime(Ticker monotonic, Clock wall) {
    this.monotonic = monotonic;
    this.wall = wall;
    this.clocks = new Clocks(wallNanos() - monotonic.read(), 0);
  }

  private long wallNanos() {
    return wall.millis() * NANOS_PER_MILLI;
  }

  @Override
  public long read() {
    // In this order, a pause of the thread between the two never looks like time that has passed.
    long wallNanos = wallNanos();
    long ticks = monotonic.read();
    Clocks known = clocks;
    return Math.abs(wallNanos - ticks - known.offset) <= TOLERANCE_NANOS
        ? ticks + known.ahead
        : compared();
  }

  private synchronized long compared() {
    long before = 0;
    long wallNanos = 0;
    long after = 0;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      before = monotonic.read();
      wallNanos = wallNanos();
      after = monotonic.read();
      if (after - before <= QUICK_NANOS) {
        break;
      }
    }
    Clocks known = clocks;
    long moved = wallNanos - before - known.offset;
    if (Math.abs(moved) > TOLERANCE_NANOS) {
      known = new Clocks(wallNanos - before, known.ahead + Math.max(0, moved));
      clocks = known;
    }
    return after + known.ahead;
  }
}
