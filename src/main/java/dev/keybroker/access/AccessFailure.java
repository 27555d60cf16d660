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

  /// Too much is under way already. A retry later is safe.
  public static final class InFlightLimited extends AccessFailure {
    private final String limit;

    /// @param limit whose limit it is: `caller`, `connection` or `broker`
    public InFlightLimited(String limit) {
      super("too much in flight");
      this.limit = limit;
    }

    public String limit() {
      return limit;
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
