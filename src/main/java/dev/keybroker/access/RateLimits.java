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
  private static final Duration SHORTEST_BURST = Duration.ofSeconds(1);

  /// The buckets of one kind of load.
  private record Limit(
      TokenBuckets<Caller> callers,
      TokenBuckets<String> tenants,
      Counter refusedByCaller,
      Counter refusedByTenant) {}

  private final Map<Load, Limit> limits = new EnumMap<>(Load.class);

  public RateLimits(RateLimitConfig config, Ticker ticker, MeterRegistry registry) {
    if (config.burst().compareTo(SHORTEST_BURST) < 0) {
      throw new IllegalArgumentException("keybroker.rate-limit.burst must be at least 1 s");
    }
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
      case WRAP -> atLeastZero("caller-wraps", config.callerWraps());
      case UNWRAP -> atLeastZero("caller-unwraps", config.callerUnwraps());
      case CONTROL -> atLeastZero("caller-control", config.callerControl());
    };
  }

  private static int perTenant(Load load, RateLimitConfig config) {
    return switch (load) {
      case WRAP -> atLeastZero("tenant-wraps", config.tenantWraps());
      case UNWRAP -> atLeastZero("tenant-unwraps", config.tenantUnwraps());
      case CONTROL -> atLeastZero("tenant-control", config.tenantControl());
    };
  }

  private static int atLeastZero(String name, int rate) {
    if (rate < 0) {
      throw new IllegalArgumentException("keybroker.rate-limit." + name + " must not be negative");
    }
    return rate;
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
