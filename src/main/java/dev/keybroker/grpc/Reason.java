package dev.keybroker.grpc;

import com.google.rpc.Code;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Why a call fails: the reasons of `google.rpc.ErrorInfo`. The table of `src/docs/errors.md` is
/// generated from them. Texts name fields and resources; none quotes what a caller gave.
enum Reason {
  REQUEST_INVALID(
      Code.INVALID_ARGUMENT,
      Retry.NO_DELAY,
      "%s",
      "A field breaks a constraint of the contract, or the bytes are no message of the rpc.",
      "no: mend the request",
      "`BadRequest`: each field's path, what kind of thing it was given, and the "
          + "constraint; the path is empty where it concerns several fields or the message as a "
          + "whole. Never the value"),
  REQUEST_TOO_LARGE(
      Code.RESOURCE_EXHAUSTED,
      Retry.NO_DELAY,
      "The request is larger than the broker's limit once it is decompressed.",
      "The request was compressed, and exceeds the inbound limit once decompressed.",
      "no: send less in one call"),
  WRAPPED_DEK_NOT_AUTHENTIC(
      Code.INVALID_ARGUMENT,
      Retry.NO_DELAY,
      "The wrapped DEK, the keystore and the encryption context do not belong together.",
      "These bytes, this keystore and this encryption context do not belong together: "
          + "changed, truncated, foreign, of an unknown version or a KEK of another keystore, or "
          + "wrapped with other pairs. Which of these is not told.",
      "no"),
  CREDENTIALS_MISSING(
      Code.UNAUTHENTICATED,
      Retry.NO_DELAY,
      "A client certificate or a bearer token is needed.",
      "The call came with neither a client certificate nor a bearer token.",
      "no: send one"),
  CERTIFICATE_UNUSABLE(
      Code.UNAUTHENTICATED,
      Retry.NO_DELAY,
      "The client certificate does not name one caller.",
      "The client certificate is good and does not name one caller: see "
          + "[Callers](configuration.md#callers).",
      "no: have another issued"),
  TOKEN_INVALID(
      Code.UNAUTHENTICATED,
      Retry.NO_DELAY,
      "The bearer token is not accepted.",
      "The bearer token is malformed, of another issuer, for another audience, or its "
          + "signature is wrong. Which of these is not told. A good client certificate does not "
          + "make up for it.",
      "no: get another"),
  TOKEN_EXPIRED(
      Code.UNAUTHENTICATED,
      Retry.NO_DELAY,
      "The bearer token has expired.",
      "The bearer token was good and is over.",
      "no: get a new one"),
  TOKEN_KEYS_UNAVAILABLE(
      Code.UNAVAILABLE,
      Retry.OUTAGE,
      "The keys of the token's issuer cannot be had.",
      "The keys of the token's issuer cannot be had, so nobody can say whether the token "
          + "is good.",
      "yes"),
  TOO_MANY_TOKENS(
      Code.UNAVAILABLE,
      Retry.OVERLOAD,
      "Too many bearer tokens wait to be verified.",
      "Too many bearer tokens wait to be verified, so this one was refused unread.",
      "yes"),
  PERMISSION_DENIED(
      Code.PERMISSION_DENIED,
      Retry.NO_DELAY,
      "The caller may not do this here.",
      "The caller may not do this here. Whether the resource exists is not told.",
      "no"),
  KEYSTORE_NOT_FOUND(
      Code.NOT_FOUND,
      Retry.NO_DELAY,
      "There is no keystore `%s`.",
      "There is no such keystore.",
      "no",
      "`ResourceInfo` (`keybroker.dev/Keystore`, name)"),
  KEK_NOT_FOUND(
      Code.NOT_FOUND,
      Retry.NO_DELAY,
      "There is no KEK `%s`.",
      "There is no such KEK.",
      "no",
      "`ResourceInfo` (`keybroker.dev/Kek`, name)"),
  KEYSTORE_ALREADY_EXISTS(
      Code.ALREADY_EXISTS,
      Retry.NO_DELAY,
      "The keystore `%s` exists with another configuration.",
      "The keystore exists with another configuration.",
      "no",
      "`ResourceInfo` (`keybroker.dev/Keystore`, name)"),
  ETAG_MISMATCH(
      Code.ABORTED,
      Retry.NO_DELAY,
      "The keystore `%s` changed since its etag was read.",
      "The keystore changed since its etag was read.",
      "no: read again, decide, update"),
  KEYSTORE_HAS_NO_ACTIVE_KEK(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The keystore `%s` has no active KEK yet.",
      "The keystore's first KEK is not generated yet.",
      "no: see its `last_error`"),
  KEYSTORE_TEST_FAILED(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The test of the keystore `%s` failed at the step `%s`: %s",
      "A save was refused, since a step of its test failed for a reason to mend in AWS.",
      "no: `TestKeystore` says what to mend",
      "`PreconditionFailure`: one violation, `type` the step's name, `subject` the "
          + "keystore, `description` the hint; `keybroker.v1.KmsError`"),
  KEK_ACTIVE(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The KEK `%s` is ACTIVE: it can be neither disabled nor destroyed; rotate first.",
      "The ACTIVE KEK can neither be disabled nor destroyed.",
      "no: `RotateKek` first"),
  KEK_DISABLED(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The KEK `%s` is disabled.",
      "The wrapped DEK's KEK is DISABLED or DESTROY_SCHEDULED.",
      "no: `EnableKek`, after `RestoreKek` where its destruction is scheduled"),
  KEK_DESTROYED(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The private key of the KEK `%s` is erased.",
      "The KEK's private key is erased. What is wrapped under it is lost.",
      "never"),
  KEK_STATE_INVALID(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The KEK `%s` is %s, which does not allow this.",
      "The KEK's state does not allow this change, e.g. to enable it while its destruction "
          + "is scheduled.",
      "no"),
  CLOCK_SKEW(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The clocks of this broker and of PostgreSQL differ by more than a minute, so no "
          + "destruction is scheduled. The operator of the broker corrects the clock that is "
          + "wrong.",
      "`ScheduleKekDestruction` reached a broker whose clock differs from PostgreSQL's by "
          + "more than a minute. Nothing was scheduled.",
      "no: the operator corrects the clock; another broker may accept the call"),
  KMS_KEY_DISABLED(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The root key is disabled in AWS KMS.",
      "The root key is disabled in AWS KMS.",
      "no: its owner enables it"),
  KMS_KEY_PENDING_DELETION(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The root key awaits its deletion in AWS KMS.",
      "The root key awaits its deletion in AWS KMS.",
      "no: its owner cancels the deletion"),
  KMS_KEY_UNAVAILABLE(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The root key has no key material, or its custom key store is disconnected. Its "
          + "owner imports the material, or reconnects the key store.",
      "AWS KMS cannot use the root key in its present state, which is no pending deletion: "
          + "its material is not imported or has expired, or its custom key store is "
          + "disconnected.",
      "no: its owner imports the material, or reconnects the key store"),
  KMS_KEY_NOT_FOUND(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The root key does not exist in AWS KMS.",
      "The root key, or the alias that names it, does not exist.",
      "no: mend the keystore's root key"),
  KMS_ACCESS_DENIED(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The root key's owner does not admit the broker.",
      "Key policy, role or trust policy refuses the broker: often the tenant has withdrawn "
          + "access.",
      "no: the key's owner grants it"),
  KMS_KEY_UNUSABLE(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "AWS KMS refused the root key.",
      "AWS KMS refused the root key for another lasting reason: its kind, usage, origin, "
          + "or ciphertext of another key.",
      "no: `TestKeystore` says which"),
  KMS_UNREACHABLE(
      Code.UNAVAILABLE,
      Retry.OUTAGE,
      "AWS KMS did not answer.",
      "AWS KMS or STS did not answer, or failed within.",
      "yes"),
  KMS_THROTTLED(
      Code.RESOURCE_EXHAUSTED,
      Retry.OUTAGE,
      "AWS KMS asked to slow down.",
      "AWS KMS or STS asked to slow down.",
      "yes"),
  ROOT_KEY_BUSY(
      Code.RESOURCE_EXHAUSTED,
      Retry.OVERLOAD,
      "The broker has as many calls of this root key under way as it allows. Try again.",
      "This broker has as many calls of this class under way for the keystore's root key "
          + "as it allows (`keybroker.kms-guard`). AWS was not asked.",
      "yes"),
  STORE_UNAVAILABLE(
      Code.UNAVAILABLE,
      Retry.OUTAGE,
      "The key store does not answer.",
      "PostgreSQL and Redis cannot answer, and memory does not know the key.",
      "yes"),
  AUDIT_UNAVAILABLE(
      Code.UNAVAILABLE,
      Retry.OUTAGE,
      "The audit record cannot be committed; nothing was released.",
      "The audit record cannot be committed, so nothing was released. A change of the "
          + "control plane is not made while its intent cannot be recorded; if only its outcome "
          + "could not be, it was made.",
      "yes"),
  PRIVATE_KEK_EXPIRED(
      Code.UNAVAILABLE,
      Retry.OVERLOAD,
      "The private KEK reached its lifetime before the answer could be released; nothing "
          + "was released. Retry.",
      "The private KEK was decrypted, and reached its `private_kek_lifetime` before the "
          + "answer could be released: the audit record, or other items of the batch, took too "
          + "long. Nothing was released.",
      "yes: the retry asks AWS KMS anew"),
  AUDIT_QUERY_BUSY(
      Code.RESOURCE_EXHAUSTED,
      Retry.OUTAGE,
      "Another audit query of this caller is under way; one runs at a time.",
      "Another audit query of this caller is under way in this broker.",
      "yes, when that has ended"),
  AUDIT_QUERY_TOO_LARGE(
      Code.RESOURCE_EXHAUSTED,
      Retry.NO_DELAY,
      "The audit query took too long; ask for less time with start_time and end_time.",
      "The audit query took longer than `keybroker.audit.query-timeout`.",
      "no: ask for less time"),
  UNWRAP_OVERLOADED(
      Code.RESOURCE_EXHAUSTED,
      Retry.OVERLOAD,
      "Too many private-key operations at once.",
      "The private-key operations of this broker are at their bound.",
      "yes, better of another instance"),
  KEY_PAIRS_OVERLOADED(
      Code.RESOURCE_EXHAUSTED,
      Retry.OUTAGE,
      "Too many key pairs wait to be generated. Retry.",
      "Too many key pairs wait to be generated: for their share of AWS's request quota "
          + "(`keybroker.kms-quota`), or, if the root key is in a custom key store, for the "
          + "broker, which generates them itself, one at a time. Scheduled rotations wait or are "
          + "tried again by themselves.",
      "yes"),
  IN_FLIGHT_LIMITED(
      Code.RESOURCE_EXHAUSTED,
      Retry.OVERLOAD,
      "%s",
      "Too much is under way: calls of the caller, or bytes of the connection or the "
          + "broker (`keybroker.in-flight`); the metadata's `limit` says which.",
      "yes, if `limit` is `broker` better of another instance"),
  RATE_LIMITED(
      Code.RESOURCE_EXHAUSTED,
      Retry.OUTAGE,
      "The caller or the tenant is above its rate.",
      "The caller or the tenant is above its rate. Tests of root keys (`TestKeystore`, "
          + "`validate_only`) have a rate for each tenant in the whole deployment, about one a "
          + "second.",
      "yes",
      "`RetryInfo`: until there is room for one call more"),
  INTERNAL(
      Code.INTERNAL,
      Retry.NO_DELAY,
      "A fault of the broker.",
      "A fault of the broker; its log knows more, by the trace id.",
      "no: report it");

  /// How long a caller waits before a retry.
  private enum Retry {
    NO_DELAY(null),
    /// The lane's queue is served within it.
    OVERLOAD(Duration.ofMillis(100)),
    /// For a dependency to recover.
    OUTAGE(Duration.ofSeconds(1));

    private final @Nullable Duration delay;

    Retry(@Nullable Duration delay) {
      this.delay = delay;
    }
  }

  private final Code code;
  private final Retry wait;
  private final String text;
  private final String meaning;
  private final String retry;
  private final String details;

  Reason(Code code, Retry wait, String text, String meaning, String retry) {
    this(code, wait, text, meaning, retry, wait.delay == null ? "none" : "`RetryInfo`");
  }

  /// @param text what a caller reads; `%s` stands for the resource
  /// @param meaning for the documentation, as are retry and details
  Reason(Code code, Retry wait, String text, String meaning, String retry, String details) {
    this.code = code;
    this.wait = wait;
    this.text = text;
    this.meaning = meaning;
    this.retry = retry;
    this.details = details;
  }

  Code code() {
    return code;
  }

  String text() {
    return text;
  }

  /// The `RetryInfo`, if the failure knows no better; null if a retry cannot help.
  @Nullable Duration retryDelay() {
    return wait.delay;
  }

  /// Its row of the table in Markdown: code, reason, meaning, retry, details.
  String row() {
    return "| %s | `%s` | %s | %s | %s |".formatted(code, name(), meaning, retry, details);
  }
}
