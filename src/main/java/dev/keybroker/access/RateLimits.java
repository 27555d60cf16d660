package dev.keybroker.access;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// The rates of callers and tenants. Thread-safe.
@Singleton
public final class RateLimits {
  /// The buckets of one kind of load.
  private record Limit(
      TokenBuckets<Caller> callers,
      TokenBuckets<String> tenants,
      Counter refusedByCaller,
      Counter refusedByTenant) {}

  private final Map<Load, Limit> limits = new EnumMap<>(Load.class);

  public RateLimits(RateLimitConfig config, Ticker ticker, MeterRegistry registry) {
    for (Load load : Load.values()) {
      limits.put(
          load,
          new Limit(
              new TokenBuckets<>(perCaller(load, config), config.burst(), ticker),
              new TokenBuckets<>(perTenant(load, config), config.burst(), ticker),
              refused(registry, load, "caller"),
              refused(registry, load, "tenant")));
    }
  }

  private static int perCaller(Load load, RateLimitConfig config) {
    return switch (load) {
      case WRAP -> config.callerWraps();
      case UNWRAP -> config.callerUnwraps();
      case CONTROL -> config.callerControl();
    };
  }

  private static int perTenant(Load load, RateLimitConfig config) {
    return switch (load) {
      case WRAP -> config.tenantWraps();
      case UNWRAP -> config.tenantUnwraps();
      case CONTROL -> config.tenantControl();
    };
  }

  private static Counter refused(MeterRegistry registry, Load load, String limit) {
    return registry.counter(
        Metrics.RATE_LIMITED, Metrics.OPERATION, load.tag(), Metrics.LIMIT, limit);
  }

  /// Counts a call of the caller, permitted or not, because denied calls count against the rate
  /// too.
  AccessFailure.@Nullable RateLimited ofCaller(Caller caller, Load load) {
    Limit limit = of(load);
    return refusal(limit.callers.take(caller), limit.refusedByCaller);
  }

  /// Counts a permitted call for the tenant. If the call is refused, the caller's token is
  /// returned.
  AccessFailure.@Nullable RateLimited ofTenant(Caller caller, String tenant, Load load) {
    Limit limit = of(load);
    long nanos = limit.tenants.take(tenant);
    if (nanos > 0) {
      limit.callers.giveBack(caller);
    }
    return refusal(nanos, limit.refusedByTenant);
  }

  private Limit of(Load load) {
    return Objects.requireNonNull(limits.get(load));
  }

  private static AccessFailure.@Nullable RateLimited refusal(long nanos, Counter counter) {
    if (nanos == 0) {
      return null;
    }
    counter.increment();
    return new AccessFailure.RateLimited(Duration.ofNanos(nanos));
  }
}
