package dev.keybroker.embedded.kms;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;

/// How late changes are seen: at once, unless a delay is set. Thread-safe.
final class Consistency {

  private volatile Duration delay = Duration.ZERO;

  /// By key ARN.
  final Lagging<ResourcePolicy> keyPolicies;

  /// By key ARN.
  final Lagging<List<Grant>> grants;

  /// By alias ARN.
  final Lagging<Alias> aliases;

  Consistency(InstantSource clock) {
    keyPolicies = new Lagging<>(clock, () -> delay);
    grants = new Lagging<>(clock, () -> delay);
    aliases = new Lagging<>(clock, () -> delay);
  }

  /// Sets how late the changes from now on are seen.
  void delay(Duration newDelay) {
    delay = newDelay;
  }
}
