package dev.keybroker.access;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Counts the calls in flight of each caller. Bounded: the least active callers are evicted first,
/// and their count restarts. Thread-safe.
@Singleton
public final class CallsInFlight {
  static final int MAX_CALLERS = 100_000;

  private final int max;
  private final Cache<Caller, CallerCalls> callers =
      Caffeine.newBuilder().maximumSize(MAX_CALLERS).executor(Runnable::run).build();
  private final Counter refused;

  /// The calls of one caller.
  public static final class CallerCalls {
    private final AtomicInteger underWay = new AtomicInteger();

    /// Reports that one call has ended.
    public void end() {
      underWay.decrementAndGet();
    }
  }

  public CallsInFlight(InFlightConfig config, MeterRegistry registry) {
    this.max = config.callerCalls() == 0 ? Integer.MAX_VALUE : config.callerCalls();
    this.refused = registry.counter(Metrics.IN_FLIGHT_REFUSED, Metrics.LIMIT, "caller");
  }

  /// Counts a call that starts, and returns the counter on which the caller of this method must end
  /// it once. Null if the caller has too many calls.
  public @Nullable CallerCalls begin(Caller caller) {
    CallerCalls calls = callers.get(caller, it -> new CallerCalls());
    if (calls.underWay.incrementAndGet() > max) {
      calls.underWay.decrementAndGet();
      refused.increment();
      return null;
    }
    return calls;
  }
}
