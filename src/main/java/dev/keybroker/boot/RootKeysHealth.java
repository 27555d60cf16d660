package dev.keybroker.boot;

import dev.keybroker.kek.RootKeyStates;
import dev.keybroker.kms.KeyOperation;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsGuards;
import jakarta.inject.Singleton;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/// Lists the root keys that fail, or whose circuit breaker is open, by class of operations. Never
/// reports DOWN, because one tenant's key says nothing about the broker.
@Readiness
@Singleton
class RootKeysHealth implements HealthCheck {
  /// The maximum number of keys to list; the rest are counted.
  private static final int LISTED = 50;

  private final KmsGuards guards;
  private final RootKeyStates states;

  RootKeysHealth(KmsGuards guards, RootKeyStates states) {
    this.guards = guards;
    this.states = states;
  }

  /// A KMS key in one class of operations.
  private static final class Line {
    private final Set<KeyOperation> keystores = new HashSet<>();
    private final Set<String> troubles = new TreeSet<>();

    void add(KeyOperation call, String trouble) {
      keystores.add(call);
      troubles.add(trouble);
    }

    String text() {
      return String.join(", ", troubles) + "; keystores: " + keystores.size();
    }
  }

  @Override
  public HealthCheckResponse call() {
    Map<String, Line> lines = new TreeMap<>();
    Map<KeyOperation, KmsFailure> failing = states.failing();
    failing.forEach(
        (call, failure) ->
            line(lines, call).add(call, failure.kind().name().toLowerCase(Locale.ROOT)));
    List<KeyOperation> notAsked = guards.notAsked();
    notAsked.forEach(call -> line(lines, call).add(call, "breaker open"));
    HealthCheckResponseBuilder response =
        HealthCheckResponse.named("root-keys")
            .up()
            .withData("failing", failing.size())
            .withData("breakers-open", notAsked.size());
    lines.entrySet().stream()
        .limit(LISTED)
        .forEach(line -> response.withData(line.getKey(), line.getValue().text()));
    return response.build();
  }

  private static Line line(Map<String, Line> lines, KeyOperation call) {
    return lines.computeIfAbsent(
        call.use().key().arn() + " " + call.operation().tag(), missing -> new Line());
  }
}
