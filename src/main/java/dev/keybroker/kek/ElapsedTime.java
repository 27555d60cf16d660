package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Clock;
import java.time.Duration;

/// A ticker that also counts time while the machine is suspended. Thread-safe.
///
/// The monotonic clock stops while a machine is suspended or stored as a snapshot; the wall clock
/// continues or is corrected afterwards. This ticker advances with the monotonic clock, plus the
/// amount by which the wall clock moves ahead of it. A deadline on this ticker is therefore reached
/// by whichever clock gets there first. Setting the wall clock back has no effect, and does not
/// hide time that passes afterwards.
public final class ElapsedTime implements Ticker {
  /// Smaller differences between the clocks are ignored, because they are never read at the same
  /// moment.
  static final Duration TOLERANCE = Duration.ofMillis(50);

  private static final long TOLERANCE_NANOS = TOLERANCE.toNanos();

  /// The longest distance of two monotonic readings that enclose a wall clock reading without a
  /// pause.
  private static final long QUICK_NANOS = Duration.ofMillis(5).toNanos();

  private static final int ATTEMPTS = 10;
  private static final long NANOS_PER_MILLI = 1_000_000;

  private final Ticker monotonic;
  private final Clock wall;
  private volatile Clocks clocks;

  /// @param offset the wall clock minus the monotonic clock, at their last comparison
  /// @param ahead how far the wall clock has moved ahead in total
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
    // In this order, a pause of the thread between the two readings never looks like elapsed time.
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
