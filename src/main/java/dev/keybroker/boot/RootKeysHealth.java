package dev.keybroker.boot;

import dev.keybroker.kms.GuardedKms;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Map;
import java.util.stream.Collectors;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/// Names the root keys whose circuit breaker is open; never down for that, since one tenant's key
/// says nothing of the broker.
@Readiness
@ApplicationScoped
class RootKeysHealth implements HealthCheck {
  /// So many are named; the rest is counted.
  private static final int NAMED = 50;

  private final GuardedKms kms;

  RootKeysHealth(GuardedKms kms) {
    this.kms = kms;
  }

  @Override
  public HealthCheckResponse call() {
    Map<String, Long> keys =
        kms.notAsked().stream()
            .collect(
                Collectors.groupingBy(use -> use.key().arn().toString(), Collectors.counting()));
    HealthCheckResponseBuilder response =
        HealthCheckResponse.named("root-keys")
            .up()
            .withData("breakers-open", keys.values().stream().mapToLong(Long::longValue).sum());
    // The value is the number of keystores that use the key.
    keys.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .limit(NAMED)
        .forEach(key -> response.withData(key.getKey(), key.getValue()));
    return response.build();
  }
}
