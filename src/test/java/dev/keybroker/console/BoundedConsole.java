package dev.keybroker.console;

import io.quarkus.test.junit.QuarkusTestProfile;
import java.util.Map;

/// A console that is open to everybody, has two calls in progress at most, and waits 3 s for each,
/// which is less than the broker waits for PostgreSQL.
public final class BoundedConsole implements QuarkusTestProfile {
  static final int CALLS = 2;

  /// The calls of the control plane that each tenant has at once. Afterwards it has one a second.
  static final int BURST = 300;

  @Override
  public Map<String, String> getConfigOverrides() {
    return Map.of(
        "keybroker.console.enabled", "true",
        "keybroker.console.calls", String.valueOf(CALLS),
        "keybroker.console.timeout", "3s",
        "keybroker.postgres.timeout", "60s",
        "keybroker.rate-limit.caller-control", "0",
        "keybroker.rate-limit.tenant-control", "1",
        "keybroker.rate-limit.burst", BURST + "s");
  }
}
