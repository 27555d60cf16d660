package dev.keybroker.access;

import java.time.Duration;

/// Why a call was not admitted. Carries no stack trace: these are answers, not faults.
public abstract sealed class AccessFailure extends RuntimeException {
  private AccessFailure(String message) {
    super(message, null, false, false);
  }

  /// The caller may not do this here, whether the resource exists or not.
  public static final class Denied extends AccessFailure {
    public Denied() {
      super("permission denied");
    }
  }

  /// The caller or the tenant is above its rate.
  public static final class RateLimited extends AccessFailure {
    private final Duration retryAfter;

    /// @param retryAfter until a call is within the rate again, where none comes between
    public RateLimited(Duration retryAfter) {
      super("rate limited");
      this.retryAfter = retryAfter;
    }

    public Duration retryAfter() {
      return retryAfter;
    }
  }
}
