package dev.keybroker.grpc.transport;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jboss.logging.Logger;

/// Reports refused connections: counts each kind, and logs the first, tenth, hundredth … of each
/// kind within a minute, with its peer and what is wrong. Thread-safe.
@Singleton
class Refusals {
  private static final Logger LOG = Logger.getLogger(Refusals.class);
  private static final int MINUTE_SECONDS = 60;

  private final Clock clock;
  private final Map<Refusal, Counter> counters = new EnumMap<>(Refusal.class);
  private final Map<Refusal, Integer> ofMinute = new EnumMap<>(Refusal.class);
  private long minute;

  Refusals(Clock clock, MeterRegistry meters) {
    this.clock = clock;
    for (Refusal each : Refusal.values()) {
      counters.put(each, meters.counter(Metrics.CONNECTIONS_REFUSED, Metrics.CAUSE, each.tag()));
    }
  }

  /// @param detail one line, safe for the log
  void add(Refusal refusal, Object peer, String detail) {
    Objects.requireNonNull(counters.get(refusal)).increment();
    int count = count(refusal);
    if (isPowerOfTen(count)) {
      LOG.warnf(
          "Connections refused %d times within this minute: %s, now of %s: %s",
          count, refusal.tag(), peer, detail);
    }
  }

  private synchronized int count(Refusal refusal) {
    long now = Math.floorDiv(clock.instant().getEpochSecond(), MINUTE_SECONDS);
    if (now != minute) {
      minute = now;
      ofMinute.clear();
    }
    return ofMinute.merge(refusal, 1, Integer::sum);
  }

  private static boolean isPowerOfTen(int count) {
    int rest = count;
    while (rest % 10 == 0) {
      rest /= 10;
    }
    return rest == 1;
  }
}
