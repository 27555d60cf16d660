package dev.keybroker.kms;

import java.util.Locale;

/// Whether an administrator waits for a call of KMS. Each urgency has a share of the quota that the
/// other cannot use up.
public enum Urgency {
  /// An administrator waits: a refusal is better than a long wait.
  INTERACTIVE,
  /// Nobody waits: the call takes its turn, however late.
  SCHEDULED;

  String tag() {
    return name().toLowerCase(Locale.ROOT);
  }
}
