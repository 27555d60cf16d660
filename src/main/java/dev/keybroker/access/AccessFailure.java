package dev.keybroker.access;

import java.time.Duration;

/// The reason why a call was not admitted. Has no stack trace, because a refusal is an answer and
/// not a fault.
public abstract sealed class AccessFailure extends RuntimeException {
  private AccessFailure(String message) {
    super(message, null, false, false);
  }

  /// The caller does not have the permission, whether or not the resource exists.
  public static final class Denied extends AccessFailure {
    public Denied() {
      super("permission denied");
    }
  }

  /// Too many calls or bytes are in flight. A retry later is safe.
  public static final class InFlightLimited extends AccessFailure {
    private final String limit;

    /// @param limit the limit that was reached: `caller`, `connection` or `broker`
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

    /// @param retryAfter when a call is within the rate again, if no other call comes first
    public RateLimited(Duration retryAfter) {
      super("rate limited");
      this.retryAfter = retryAfter;
    }

    public Duration retryAfter() {
      return retryAfter;
    }
  }
}
