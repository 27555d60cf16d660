package dev.keybroker.kms;

import java.time.Duration;

/// A call that was not made because it would wait too long for its turn. Carries no stack trace: it
/// is an answer, not a fault.
public final class QuotaExceeded extends RuntimeException {
  private final transient Duration retryAfter;

  QuotaExceeded(Duration retryAfter) {
    super("too many calls wait for their share of a quota", null, false, false);
    this.retryAfter = retryAfter;
  }

  public Duration retryAfter() {
    return retryAfter;
  }
}
