package dev.keybroker.kms;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A failed call to the key management service. Carries no stack trace: it is an answer, not a
/// fault.
///
/// The service's code, message and request id are for the tenant's administrator and the log.
/// [#kind] alone decides what callers of the data plane see.
public final class KmsFailure extends RuntimeException {
  /// The code of a call that was not made because the key is in no allowed region.
  public static final String REGION_NOT_ALLOWED = "RegionNotAllowed";

  /// What a failure means for the caller.
  public enum Kind {
    /// The caller, the role or the encryption context is not allowed. Not retryable.
    ACCESS_DENIED,
    /// The key is disabled. Not retryable.
    KEY_DISABLED,
    /// The key is pending deletion. Not retryable.
    KEY_PENDING_DELETION,
    /// The key's material is missing (pending import), its custom key store is disconnected, or it
    /// is in another state, except pending deletion, that refuses the call. Not retryable.
    KEY_UNAVAILABLE,
    /// The key or alias does not exist. Not retryable.
    KEY_NOT_FOUND,
    /// The key cannot do what was asked: its usage, spec or origin. Not retryable.
    KEY_UNUSABLE,
    /// The ciphertext does not decrypt under this key and context. Not retryable.
    CIPHERTEXT_REFUSED,
    /// AWS throttles the calls. Retryable later.
    THROTTLED,
    /// The broker has as many calls of this class under way for the key as it allows; AWS was not
    /// asked. Retryable later.
    TOO_MANY_CALLS,
    /// The service did not answer or reported an internal error. Retryable.
    UNREACHABLE
  }

  /// What the administrator of the key needs to know to fix the failure.
  ///
  /// @param hint what to change
  /// @param time when the call failed
  public record Explanation(String hint, Instant time) {}

  private final Kind kind;
  private final String action;
  private final String code;
  private final String detail;
  private final @Nullable String requestId;
  private final String way;
  private final transient @Nullable Explanation explanation;

  /// @param action the call that failed, e.g. `kms:Decrypt`
  /// @param code the AWS error code, e.g. `AccessDeniedException`; if AWS did not answer, the kind
  ///     of trouble, e.g. `Timeout`
  /// @param detail what the service reported
  /// @param requestId the service's request id if there was an answer
  public KmsFailure(
      Kind kind, String action, String code, String detail, @Nullable String requestId) {
    this(kind, action, code, detail, requestId, "", null);
  }

  private KmsFailure(
      Kind kind,
      String action,
      String code,
      String detail,
      @Nullable String requestId,
      String way,
      @Nullable Explanation explanation) {
    super(kind + " " + action + " " + code, null, false, false);
    this.kind = kind;
    this.action = action;
    this.code = code;
    this.detail = detail;
    this.requestId = requestId;
    this.way = way;
    this.explanation = explanation;
  }

  /// Returns the same failure for the control plane, which reports to its caller what to fix.
  public KmsFailure explained(Explanation why) {
    return new KmsFailure(kind, action, code, detail, requestId, way, why);
  }

  /// Returns the same failure of a call that reached the key in this way ([KmsKey#way()]).
  public KmsFailure by(String keyWay) {
    return new KmsFailure(kind, action, code, detail, requestId, keyWay, explanation);
  }

  /// Null in the data plane, whose callers see the kind alone.
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

  /// The request id with how the call reached the key, as audit records have it.
  public @Nullable String recordedRequestId() {
    return requestId == null ? null : requestId + way;
  }
}
