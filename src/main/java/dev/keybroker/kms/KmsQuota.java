package dev.keybroker.kms;

import java.time.Duration;

/// A request quota of AWS and how the brokers divide it.
///
/// @param name `account/region/kind`
/// @param all every call
/// @param interactive calls that an administrator waits for
/// @param scheduled calls that nobody waits for
public record KmsQuota(String name, QuotaLine all, QuotaLine interactive, QuotaLine scheduled) {
  QuotaLine of(Urgency urgency) {
    return switch (urgency) {
      case INTERACTIVE -> interactive;
      case SCHEDULED -> scheduled;
    };
  }

  /// The rate at which to start scheduled calls. Those that start faster wait in the gate.
  public QuotaLine plan() {
    return new QuotaLine(name, scheduled.interval(), Duration.ZERO);
  }
}
