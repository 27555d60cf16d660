package dev.keybroker.audit;

import java.util.Locale;

/// Why records could not be delivered, and what to change. Carries no stack trace: it is an answer,
/// not a fault.
public final class DeliveryFailure extends RuntimeException {
  /// What is in the way.
  public enum Cause {
    /// The principal may not write to the stream.
    ACCESS_DENIED,
    /// The principal may not assume the role, or its own credentials are not accepted.
    CREDENTIALS,
    /// The principal may not use the stream's key.
    KEY_ACCESS_DENIED,
    /// The stream's key is disabled.
    KEY_DISABLED,
    /// The stream's key is pending deletion.
    KEY_PENDING_DELETION,
    /// The stream's key is in another state that refuses its use.
    KEY_UNAVAILABLE,
    /// The stream's key does not exist.
    KEY_NOT_FOUND,
    /// KMS is not active for the account.
    KMS_NOT_ACTIVE,
    /// KMS throttles the uses of the stream's key.
    KMS_THROTTLED,
    /// The stream does not exist.
    STREAM_NOT_FOUND,
    /// The stream takes no more at the moment.
    THROTTLED,
    /// Kinesis does not answer, or reports an internal error.
    UNREACHABLE,
    /// Anything else that Kinesis refuses.
    REFUSED,
    /// PostgreSQL does not answer, or has a row that no broker writes.
    STORE;

    /// The name in metrics and on the health page.
    public String tag() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  private final Cause reason;
  private final String hint;

  /// @param answer what was answered, e.g. `kinesis:PutRecord KMSDisabledException`
  /// @param hint what to change
  public DeliveryFailure(Cause reason, String answer, String hint) {
    super(answer, null, false, false);
    this.reason = reason;
    this.hint = hint;
  }

  public Cause reason() {
    return reason;
  }

  public String hint() {
    return hint;
  }
}
