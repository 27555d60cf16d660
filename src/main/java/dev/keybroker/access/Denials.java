package dev.keybroker.access;

import dev.keybroker.telemetry.LogText;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Clock;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import org.jboss.logging.Logger;

/// Reports denials: by a counter, by the highest number of one caller within a minute, and by a log
/// line with the caller's name at the caller's first, tenth, hundredth … denial of a minute.
/// Thread-safe.
final class Denials {
  private static final Logger LOG = Logger.getLogger(Denials.class);

  /// Beyond this number, callers share one count.
  private static final int MAX_CALLERS = 10_000;

  private static final int MINUTE_SECONDS = 60;
  private static final Caller OTHERS = new Caller(Caller.Kind.ANONYMOUS, "others");

  private final Clock clock;
  private final Map<Permission, Counter> counters = new EnumMap<>(Permission.class);
  private final Map<Caller, Integer> ofMinute = new HashMap<>();
  private long minute;
  private int most;
  private int mostBefore;

  Denials(Clock clock, MeterRegistry registry) {
    this.clock = clock;
    for (Permission permission : Permission.values()) {
      counters.put(
          permission, registry.counter(Metrics.ACCESS_DENIED, Metrics.PERMISSION, permission.id()));
    }
    Gauge.builder(Metrics.ACCESS_DENIED_MOST, this, Denials::most).register(registry);
  }

  void add(Caller caller, Permission permission, Target target) {
    Objects.requireNonNull(counters.get(permission)).increment();
    int count = count(caller);
    if (isPowerOfTen(count)) {
      LOG.warnf(
          "Denied %d times within this minute: %s %s, now %s on %s",
          count, caller.kind(), LogText.word(caller.subject()), permission.id(), target.name());
    }
  }

  private synchronized int count(Caller caller) {
    turn();
    boolean room = ofMinute.size() < MAX_CALLERS || ofMinute.containsKey(caller);
    int count = ofMinute.merge(room ? caller : OTHERS, 1, Integer::sum);
    most = Math.max(most, count);
    return count;
  }

  private synchronized double most() {
    turn();
    return Math.max(most, mostBefore);
  }

  private void turn() {
    long now = Math.floorDiv(clock.instant().getEpochSecond(), MINUTE_SECONDS);
    if (now != minute) {
      mostBefore = now == minute + 1 ? most : 0;
      most = 0;
      minute = now;
      ofMinute.clear();
    }
  }

  private static boolean isPowerOfTen(int count) {
    int rest = count;
    while (rest % 10 == 0) {
      rest /= 10;
    }
    return rest == 1;
  }
}
