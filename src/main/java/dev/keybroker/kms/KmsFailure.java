package dev.keybroker.kms;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A call of the key management service that failed. Carries no stack trace: it is an answer, not a
/// fault.
///
/// The service's code, message and request id are for the tenant's administrator and the log; what
/// callers of the data plane see is decided by [#kind] alone.
public final class KmsFailure extends RuntimeException {
  /// The code of a call that was not made, since the key is in no allowed region.
  public static final String REGION_NOT_ALLOWED = "RegionNotAllowed";

  /// What a failure means for the caller.
  public enum Kind {
    /// The caller, the role or the encryption context is not admitted. Not retryable.
    ACCESS_DENIED,
    /// The key is disabled. Not retryable.
    KEY_DISABLED,
    /// The key is pending deletion. Not retryable.
    KEY_PENDING_DELETION,
    /// The key's material is missing (pending import), its custom key store is disconnected, or it
    /// is in another state that refuses the call and is no pending deletion. Not retryable.
    KEY_UNAVAILABLE,
    /// No such key or alias. Not retryable.
    KEY_NOT_FOUND,
    /// The key cannot do what was asked: its usage, spec or origin. Not retryable.
    KEY_UNUSABLE,
    /// The ciphertext does not decrypt under this key and context. Not retryable.
    CIPHERTEXT_REFUSED,
    /// AWS asked to slow down. Retryable later.
    THROTTLED,
    /// The broker has as many calls of this class under way for the key as it allows; AWS was not
    /// asked. Retryable later.
    TOO_MANY_CALLS,
    /// No answer, or the service's own error. Retryable.
    UNREACHABLE
  }

  /// What the administrator of the key needs to mend it.
  ///
  /// @param hint what to change
  /// @param time when the call failed
  public record Explanation(String hint, Instant time) {}

  private final Kind kind;
  private final String action;
  private final String code;
  private final String detail;
  private final @Nullable String requestId;
  private final transient @Nullable Explanation explanation;

  /// @param action the call that failed, e.g. `kms:Decrypt`
  /// @param code the AWS error code, e.g. `AccessDeniedException`; for a call without an answer the
  ///     kind of trouble,
  ///     e.g. `Timeout`
  /// @param detail what the service said
  /// @param requestId the service's request id where there was an answer
  public KmsFailure(
      Kind kind, String action, String code, String detail, @Nullable String requestId) {
    this(kind, action, code, detail, requestId, null);
  }

  private KmsFailure(
      Kind kind,
      String action,
      String code,
      String detail,
      @Nullable String requestId,
      @Nullable Explanation explanation) {
    super(kind + " " + action + " " + code, null, false, false);
    this.kind = kind;
    this.action = action;
    this.code = code;
    this.detail = detail;
    this.requestId = requestId;
    this.explanation = explanation;
  }

  /// The same failure for the control plane, which tells its caller what to mend.
  public KmsFailure explained(Explanation why) {
    return new KmsFailure(kind, action, code, detail, requestId, why);
  }

  /// Null in the data plane: its callers learn the kind alone.
  public @Nullable Explanation explanation() {
    return explanation;
  }

  public Kind kind() {
    return kind;
  }

  public String action() {
    return action;
  }

  public String code() {
    return code;
  }

  public String detail() {
    return detail;
  }

  public @Nullable String requestId() {
    return requestId;
  }
}
