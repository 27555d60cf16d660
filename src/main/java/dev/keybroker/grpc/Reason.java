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
      "A field breaks a constraint of the contract, or the bytes are not a message of the rpc.",
      "no: correct the request",
      "`BadRequest`: each field's path, the kind of value that it has, and the constraint. The "
          + "path is empty if it concerns several fields or the message as a whole. Never the "
          + "value"),
  REQUEST_TOO_LARGE(
      Code.RESOURCE_EXHAUSTED,
      Retry.NO_DELAY,
      "The request is larger than the broker's limit once it is decompressed.",
      "The request was compressed, and exceeds the inbound limit after decompression.",
      "no: send less in one call"),
  WRAPPED_DEK_NOT_AUTHENTIC(
      Code.INVALID_ARGUMENT,
      Retry.NO_DELAY,
      "The wrapped DEK, the keystore and the encryption context do not belong together.",
      "The wrapped DEK, the keystore and the encryption context do not belong together. The "
          + "wrapped DEK is changed, truncated, foreign, of an unknown version or of a KEK of "
          + "another keystore, or was wrapped with other pairs. The error does not reveal which.",
      "no"),
  CREDENTIALS_MISSING(
      Code.UNAUTHENTICATED,
      Retry.NO_DELAY,
      "A client certificate or a bearer token is needed.",
      "The call has neither a client certificate nor a bearer token.",
      "no: send one"),
  CERTIFICATE_UNUSABLE(
      Code.UNAUTHENTICATED,
      Retry.NO_DELAY,
      "The client certificate does not name one caller.",
      "The client certificate is valid but does not name exactly one caller: see "
          + "[Callers](configuration.md#callers).",
      "no: get another certificate"),
  TOKEN_INVALID(
      Code.UNAUTHENTICATED,
      Retry.NO_DELAY,
      "The bearer token is not accepted.",
      "The bearer token is malformed, from another issuer, for another audience, or its "
          + "signature is wrong. The error does not reveal which. A valid client certificate does "
          + "not replace it.",
      "no: get another token"),
  TOKEN_EXPIRED(
      Code.UNAUTHENTICATED,
      Retry.NO_DELAY,
      "The bearer token has expired.",
      "The bearer token was valid and has expired.",
      "no: get a new token"),
  TOKEN_KEYS_UNAVAILABLE(
      Code.UNAVAILABLE,
      Retry.OUTAGE,
      "The keys of the token's issuer cannot be fetched.",
      "The keys of the token's issuer cannot be fetched, so the broker cannot verify the token.",
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
      "The caller has no permission for this call. The error does not reveal whether the "
          + "resource exists.",
      "no"),
  KEYSTORE_NOT_FOUND(
      Code.NOT_FOUND,
      Retry.NO_DELAY,
      "There is no keystore `%s`.",
      "The keystore does not exist.",
      "no",
      "`ResourceInfo` (`keybroker.dev/Keystore`, name)"),
  KEK_NOT_FOUND(
      Code.NOT_FOUND,
      Retry.NO_DELAY,
      "There is no KEK `%s`.",
      "The KEK does not exist.",
      "no",
      "`ResourceInfo` (`keybroker.dev/Kek`, name)"),
  KEYSTORE_ALREADY_EXISTS(
      Code.ALREADY_EXISTS,
      Retry.NO_DELAY,
      "The keystore `%s` exists with another configuration.",
      "The keystore exists with another configuration.",
      "no",
      "`ResourceInfo` (`keybroker.dev/Keystore`, name)"),
  KEYSTORE_DELETED(
      Code.ALREADY_EXISTS,
      Retry.NO_DELAY,
      "The keystore `%s` was deleted, and its name is not used again: choose another one.",
      "There was a keystore of this name, and it was deleted. Audit records and wrapped DEKs still "
          + "name it.",
      "no: choose another name",
      "`ResourceInfo` (`keybroker.dev/Keystore`, name)"),
  KEYSTORE_DELETE_SCHEDULED(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The keystore `%s` will be deleted at %s; RestoreKeystore prevents that.",
      "The deletion of the keystore is scheduled, so the keystore and its KEKs accept no change. "
          + "The metadata's `delete_time` has the time.",
      "no: `RestoreKeystore` first"),
  KEYSTORE_HAS_KEKS(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The keystore `%s` has KEKs that are not destroyed; `force` schedules their destruction.",
      "`DeleteKeystore` without `force`, and a KEK of the keystore is not DESTROYED.",
      "no: set `force`, if nothing that is wrapped under them is needed any more"),
  ETAG_MISMATCH(
      Code.ABORTED,
      Retry.NO_DELAY,
      "The keystore `%s` changed since its etag was read.",
      "The keystore changed since its etag was read.",
      "no: read the keystore again, decide, and update"),
  KEYSTORE_HAS_NO_ACTIVE_KEK(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The keystore `%s` has no active KEK.",
      "The keystore's first KEK has not been generated yet, or the keystore is or will be deleted.",
      "no: see its `last_error` and `state`"),
  KEYSTORE_TEST_FAILED(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The test of the keystore `%s` failed at the step `%s`: %s",
      "The save was refused because a step of its test failed for a reason that has to be fixed "
          + "in AWS.",
      "no: `TestKeystore` reports what to fix",
      "`PreconditionFailure`: one violation, `type` the step's name, `subject` the "
          + "keystore, `description` the hint; `keybroker.v1.KmsError`"),
  KEK_ACTIVE(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The KEK `%s` is ACTIVE: it can be neither disabled nor destroyed; rotate first.",
      "The ACTIVE KEK can neither be disabled nor destroyed.",
      "no: `RotateKek` first"),
  KEK_IN_USE(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The KEK `%s` unwrapped something at %s. Rewrap what is wrapped under it, or set `force`.",
      "`ScheduleKekDestruction` without `force`, and the audit trail of the last 90 days has an "
          + "unwrap or rewrap under the KEK, or does not record them. The metadata's "
          + "`last_use_time` has the last one, if it is known.",
      "no: rewrap what is still needed, then set `force`"),
  KEK_DISABLED(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The KEK `%s` is disabled.",
      "The wrapped DEK's KEK is DISABLED or DESTROY_SCHEDULED.",
      "no: `EnableKek`, after `RestoreKek` if its destruction is scheduled"),
  KEK_DESTROYED(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The private key of the KEK `%s` is erased.",
      "The KEK's private key is erased. DEKs wrapped under it are lost.",
      "never"),
  KEK_STATE_INVALID(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The KEK `%s` is %s, which does not allow this.",
      "The KEK's state does not allow this change. For example, a KEK cannot be enabled while "
          + "its destruction is scheduled.",
      "no"),
  CLOCK_SKEW(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The clocks of this broker and of PostgreSQL differ by more than a minute, so no "
          + "destruction is scheduled. The operator of the broker corrects the clock that is "
          + "wrong.",
      "`ScheduleKekDestruction` or `DeleteKeystore` reached a broker whose clock differs from "
          + "PostgreSQL's by more than a minute. Nothing was scheduled.",
      "no: the operator has to correct the clock; another broker may accept the call"),
  KMS_KEY_DISABLED(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The root key is disabled in AWS KMS.",
      "The root key is disabled in AWS KMS.",
      "no: the key's owner has to enable it"),
  KMS_KEY_PENDING_DELETION(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The root key is scheduled for deletion in AWS KMS.",
      "The root key is scheduled for deletion in AWS KMS.",
      "no: the key's owner has to cancel the deletion"),
  KMS_KEY_UNAVAILABLE(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The root key has no key material, or its custom key store is disconnected. Its "
          + "owner imports the material, or reconnects the key store.",
      "AWS KMS cannot use the root key in its present state, which is not a pending deletion: "
          + "its material is not imported or has expired, or its custom key store is "
          + "disconnected.",
      "no: the key's owner has to import the material, or reconnect the key store"),
  KMS_KEY_NOT_FOUND(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The root key does not exist in AWS KMS.",
      "The root key, or the alias that names it, does not exist.",
      "no: correct the keystore's root key"),
  KMS_ACCESS_DENIED(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "The root key's owner does not admit the broker.",
      "The key policy, the role or the trust policy refuses the broker. Often the tenant has "
          + "withdrawn access.",
      "no: the key's owner has to grant access"),
  KMS_KEY_UNUSABLE(
      Code.FAILED_PRECONDITION,
      Retry.NO_DELAY,
      "AWS KMS refused the root key.",
      "AWS KMS refused the root key for another lasting reason: its kind, usage, origin, "
          + "or ciphertext of another key.",
      "no: `TestKeystore` reports the reason"),
  KMS_UNREACHABLE(
      Code.UNAVAILABLE,
      Retry.OUTAGE,
      "AWS KMS did not answer.",
      "AWS KMS or STS did not answer, or had an internal failure.",
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
      "The broker has reached its limit of calls in progress for this root key. Try again.",
      "This broker has as many calls of this class in progress for the keystore's root key as it "
          + "allows (`keybroker.kms-guard`). It did not call AWS.",
      "yes"),
  STORE_UNAVAILABLE(
      Code.UNAVAILABLE,
      Retry.OUTAGE,
      "The key store does not answer.",
      "PostgreSQL and Redis cannot answer, and the key is not in the broker's memory.",
      "yes"),
  AUDIT_UNAVAILABLE(
      Code.UNAVAILABLE,
      Retry.OUTAGE,
      "The audit record cannot be committed; nothing was released.",
      "The audit record cannot be committed, so nothing was released. If the intent of a change "
          + "of the control plane could not be recorded, the change was not made. If only its "
          + "outcome could not be recorded, it was made.",
      "yes"),
  PRIVATE_KEK_EXPIRED(
      Code.UNAVAILABLE,
      Retry.OVERLOAD,
      "The private KEK reached its lifetime before the answer could be released; nothing "
          + "was released. Retry.",
      "The private KEK was decrypted, and reached its `private_kek_lifetime` before the "
          + "answer could be released: the audit record, or other items of the batch, took too "
          + "long. Nothing was released.",
      "yes: the retry calls AWS KMS again"),
  AUDIT_QUERY_BUSY(
      Code.RESOURCE_EXHAUSTED,
      Retry.OUTAGE,
      "Another audit query of this caller is in progress; only one runs at a time.",
      "Another audit query of this caller is in progress in this broker.",
      "yes, after that query has ended"),
  AUDIT_QUERY_TOO_LARGE(
      Code.RESOURCE_EXHAUSTED,
      Retry.NO_DELAY,
      "The audit query took too long; ask for less time with start_time and end_time.",
      "The audit query took longer than `keybroker.audit.query-timeout`.",
      "no: query a shorter time"),
  UNWRAP_OVERLOADED(
      Code.RESOURCE_EXHAUSTED,
      Retry.OVERLOAD,
      "Too many private-key operations at once.",
      "This broker has reached its limit of private-key operations.",
      "yes, preferably at another instance"),
  KEY_PAIRS_OVERLOADED(
      Code.RESOURCE_EXHAUSTED,
      Retry.OUTAGE,
      "Too many key pairs wait to be generated. Retry.",
      "Too many key pairs wait to be generated. They wait for their share of AWS's request quota "
          + "(`keybroker.kms-quota`) or, if the root key is in a custom key store, for the broker, "
          + "which generates them itself, one at a time. Scheduled rotations wait, or the broker "
          + "retries them.",
      "yes"),
  IN_FLIGHT_LIMITED(
      Code.RESOURCE_EXHAUSTED,
      Retry.OVERLOAD,
      "%s",
      "Too much is in progress: calls of the caller, or bytes of the connection or the broker "
          + "(`keybroker.in-flight`). The metadata's `limit` names the limit.",
      "yes, preferably at another instance if `limit` is `broker`"),
  RATE_LIMITED(
      Code.RESOURCE_EXHAUSTED,
      Retry.OUTAGE,
      "The caller or the tenant is above its rate.",
      "The caller or the tenant is above its rate. Tests of root keys (`TestKeystore`, "
          + "`validate_only`) have a rate for each tenant in the whole deployment, about one a "
          + "second.",
      "yes",
      "`RetryInfo`: the time until one more call is possible"),
  INTERNAL(
      Code.INTERNAL,
      Retry.NO_DELAY,
      "A fault of the broker.",
      "A fault of the broker. Its log has more under the trace id.",
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
