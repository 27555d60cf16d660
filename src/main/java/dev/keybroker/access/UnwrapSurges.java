package dev.keybroker.access;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import org.jboss.logging.Logger;

/// Compares each tenant's rate of unwraps with its own recent past: an average of about a minute
/// over one of about an hour. A tenant whose recordings are opened all at once stands out, however
/// small it is compared with others. Thread-safe.
@Singleton
public final class UnwrapSurges {
  /// The interval at which [#turn()] must be called.
  public static final Duration INTERVAL = Duration.ofSeconds(10);

  /// From this ratio on, the log names the tenant.
  static final double SURGE = 10;

  private static final Logger LOG = Logger.getLogger(UnwrapSurges.class);
  private static final long MAX_TENANTS = 100_000;
  private static final double KEPT_OF_MINUTE = kept(Duration.ofMinutes(1));
  private static final double KEPT_OF_HOUR = kept(Duration.ofHours(1));

  /// A past rate below one unwrap per second counts as one, so that a new tenant is not a surge.
  private static final double LEAST_PAST = 1;

  private final Cache<String, Rate> tenants =
      Caffeine.newBuilder().maximumSize(MAX_TENANTS).executor(Runnable::run).build();

  private int turns;
  private volatile double highest;

  /// A tenant's unwraps since the last turn, and its averages in unwraps per second.
  private static final class Rate {
    final LongAdder unwraps = new LongAdder();
    double minute;
    double hour;
    boolean surging;
  }

  public UnwrapSurges(MeterRegistry registry) {
    Gauge.builder(Metrics.UNWRAP_SURGE, this, it -> it.highest).register(registry);
  }

  /// The factor by which an average over this time decays in one interval.
  private static double kept(Duration time) {
    return Math.exp(-(double) INTERVAL.toMillis() / time.toMillis());
  }

  void count(String tenant) {
    tenants.get(tenant, it -> new Rate()).unwraps.increment();
  }

  /// Adds the unwraps of the interval that ends now to the averages.
  public synchronized void turn() {
    turns++;
    // Averages start at zero, so young averages are divided by the weight of the time that they
    // cover.
    double seenOfMinute = 1 - Math.pow(KEPT_OF_MINUTE, turns);
    double seenOfHour = 1 - Math.pow(KEPT_OF_HOUR, turns);
    double most = 0;
    for (var entry : tenants.asMap().entrySet()) {
      Rate rate = entry.getValue();
      double now = rate.unwraps.sumThenReset() * 1_000.0 / INTERVAL.toMillis();
      rate.minute = KEPT_OF_MINUTE * rate.minute + (1 - KEPT_OF_MINUTE) * now;
      rate.hour = KEPT_OF_HOUR * rate.hour + (1 - KEPT_OF_HOUR) * now;
      double past = Math.max(LEAST_PAST, rate.hour / seenOfHour);
      double ratio = rate.minute / seenOfMinute / past;
      tell(entry.getKey(), rate, ratio, past);
      most = Math.max(most, ratio);
    }
    highest = most;
  }

  private static void tell(String tenant, Rate rate, double ratio, double past) {
    if (ratio >= SURGE && !rate.surging) {
      LOG.warnf(
          "Unwraps of tenants/%s are %.0f times those of its last hour (%.1f a second)",
          tenant, ratio, past);
    }
    rate.surging = ratio >= SURGE;
  }
}
