package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Ticker;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;

/// Time that passes when a test says so: a wall clock and a ticker that go together, until the
/// clock alone is set. Thread-safe.
final class TestTime extends Clock {
  private static final Instant START = Instant.parse("2026-03-01T12:00:00Z");

  private final AtomicLong nanos = new AtomicLong();
  private volatile Duration clockAhead = Duration.ZERO;

  Ticker ticker() {
    return nanos::get;
  }

  void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  /// Sets the wall clock, which no ticker follows.
  void setClockAhead(Duration ahead) {
    clockAhead = ahead;
  }

  @Override
  public Instant instant() {
    return START.plusNanos(nanos.get()).plus(clockAhead);
  }

  @Override
  public ZoneId getZone() {
    return ZoneOffset.UTC;
  }

  @Override
  public Clock withZone(ZoneId zone) {
    throw new UnsupportedOperationException();
  }
}
