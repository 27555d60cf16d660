package dev.keybroker.grpc.transport;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Checks the limits of connections against each other.
public final class ConnectionRules {
  private static final Duration SHORTEST = Duration.ofMillis(1);

  private ConnectionRules() {}

  /// Returns the violations, one sentence each, which names the setting.
  public static List<String> violations(ConnectionConfig config) {
    List<String> violations = new ArrayList<>();
    atLeastOne("max", config.max(), violations);
    atLeastOne("max-concurrent-calls", config.maxConcurrentCalls(), violations);
    positive("max-age", config.maxAge(), violations);
    positive("proof-timeout", config.proofTimeout(), violations);
    if (config.maxPerPeer() < 0) {
      violations.add("keybroker.connection.max-per-peer must not be negative");
    }
    positive("max-age-grace", config.maxAgeGrace(), violations);
    positive("max-idle", config.maxIdle(), violations);
    positive("keep-alive-time", config.keepAliveTime(), violations);
    positive("keep-alive-timeout", config.keepAliveTimeout(), violations);
    positive("max-call-duration", config.maxCallDuration(), violations);
    if (!config.permitKeepAliveTime().isZero()) {
      positive("permit-keep-alive-time", config.permitKeepAliveTime(), violations);
    }
    if (config.maxAgeGrace().compareTo(config.maxCallDuration()) < 0) {
      violations.add(
          "keybroker.connection.max-age-grace must not be less than"
              + " keybroker.connection.max-call-duration");
    }
    return violations;
  }

  private static void atLeastOne(String name, int value, List<String> violations) {
    if (value < 1) {
      violations.add("keybroker.connection." + name + " must be at least 1");
    }
  }

  private static void positive(String name, Duration value, List<String> violations) {
    // The server counts in milliseconds, so a smaller value would become zero.
    if (value.compareTo(SHORTEST) < 0) {
      violations.add("keybroker.connection." + name + " must be at least 1 ms");
    }
  }
}
