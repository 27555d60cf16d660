package dev.keybroker.grpc;

import com.google.protobuf.Message;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.ResourceInfo;
import dev.keybroker.access.AccessFailure;
import dev.keybroker.access.AuthenticationFailure;
import dev.keybroker.audit.AuditFailure;
import dev.keybroker.dek.DekFailure;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.CheckResult;
import dev.keybroker.keystore.KeystoreFailure;
import dev.keybroker.keystore.RootKeyError;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.v1.KmsError;
import io.grpc.StatusRuntimeException;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import org.jboss.logging.Logger;

/// Maps failures to their status, with one exhaustive switch for each family.
final class FailureStatus {
  private static final Logger LOG = Logger.getLogger(FailureStatus.class);

  /// Clients accept 8 KiB of trailers. These bounds keep trailers below that, as Base64 and with
  /// the text twice: once as the message and once in the details.
  private static final int LONGEST_HINT_IN_TEXT = 400;

  private static final int LONGEST_HINT = 1_300;
  private static final int LONGEST_AWS_MESSAGE = 500;

  private FailureStatus() {}

  /// Returns the exception that leaves the service. A fault of the broker is logged.
  static StatusRuntimeException exception(Throwable failure) {
    return answer(failure).toException();
  }

  /// Like [#of], for a failure that is answered now: logs what callers do not see.
  static ErrorStatus answer(Throwable failure) {
    ErrorStatus status = of(failure);
    if (status.reason() == Reason.INTERNAL) {
      log(failure);
    } else if (failure instanceof AuditFailure.Unreadable unreadable) {
      LOG.warnf("audit records cannot be read: %s", unreadable.getCause());
    }
    return status;
  }

  /// Logs a fault of the broker.
  static void log(Throwable fault) {
    LOG.error("a call failed by a fault of the broker", fault);
  }

  static ErrorStatus of(Throwable failure) {
    return switch (failure) {
      case RequestInvalid invalid -> invalid.status();
      case AuditFailure audit -> ErrorStatus.of(reason(audit));
      case AuthenticationFailure authentication -> ErrorStatus.of(reason(authentication));
      case AccessFailure access -> of(access);
      case DekFailure dek -> ErrorStatus.of(reason(dek));
      case KekFailure kek -> of(kek);
      case KmsFailure kms -> of(kms);
      case KeystoreFailure keystore -> of(keystore);
      default -> ErrorStatus.of(Reason.INTERNAL);
    };
  }

  private static Reason reason(AuthenticationFailure failure) {
    return switch (failure) {
      case AuthenticationFailure.CredentialsMissing ignored -> Reason.CREDENTIALS_MISSING;
      case AuthenticationFailure.CertificateUnusable ignored -> Reason.CERTIFICATE_UNUSABLE;
      case AuthenticationFailure.TokenInvalid ignored -> Reason.TOKEN_INVALID;
      case AuthenticationFailure.TokenExpired ignored -> Reason.TOKEN_EXPIRED;
      case AuthenticationFailure.TooManyTokens ignored -> Reason.TOO_MANY_TOKENS;
      case AuthenticationFailure.KeysUnavailable ignored -> Reason.TOKEN_KEYS_UNAVAILABLE;
    };
  }

  private static ErrorStatus of(AccessFailure failure) {
    return switch (failure) {
      case AccessFailure.Denied ignored -> ErrorStatus.of(Reason.PERMISSION_DENIED);
      case AccessFailure.InFlightLimited full ->
          ErrorStatus.of(Reason.IN_FLIGHT_LIMITED, inFlight(full.limit()))
              .with(Map.of("limit", full.limit()));
      case AccessFailure.RateLimited limited ->
          ErrorStatus.of(Reason.RATE_LIMITED).after(limited.retryAfter());
    };
  }

  private static String inFlight(String limit) {
    return switch (limit) {
      case "caller" -> "The caller has too many calls in progress. Retry when some have ended.";
      case "connection" ->
          "Too many bytes are in progress on this connection. Retry when some calls have ended.";
      default -> "Too many bytes are in progress in this broker. Retry, preferably at another one.";
    };
  }

  private static Reason reason(DekFailure failure) {
    return switch (failure) {
      case DekFailure.NotAuthentic ignored -> Reason.WRAPPED_DEK_NOT_AUTHENTIC;
      case DekFailure.Overloaded ignored -> Reason.UNWRAP_OVERLOADED;
      case DekFailure.Expired ignored -> Reason.PRIVATE_KEK_EXPIRED;
    };
  }

  private static Reason reason(AuditFailure failure) {
    return switch (failure) {
      case AuditFailure.NotCommitted ignored -> Reason.AUDIT_UNAVAILABLE;
      case AuditFailure.Busy ignored -> Reason.AUDIT_QUERY_BUSY;
      case AuditFailure.TooLarge ignored -> Reason.AUDIT_QUERY_TOO_LARGE;
      case AuditFailure.Unreadable ignored -> Reason.STORE_UNAVAILABLE;
    };
  }

  private static ErrorStatus of(KekFailure failure) {
    return switch (failure) {
      case KekFailure.UnknownKeystore unknown ->
          about(Reason.KEYSTORE_NOT_FOUND, unknown.keystore()).with(resource(unknown.keystore()));
      case KekFailure.NoActiveKek none -> about(Reason.KEYSTORE_HAS_NO_ACTIVE_KEK, none.keystore());
      case KekFailure.UnknownKek unknown ->
          unknown.kek() == null
              ? ErrorStatus.of(Reason.KEK_NOT_FOUND).withText("There is no such KEK.")
              : about(Reason.KEK_NOT_FOUND, unknown.kek()).with(resource(unknown.kek()));
      case KekFailure.Disabled disabled -> of(disabled);
      case KekFailure.Destroyed destroyed -> about(Reason.KEK_DESTROYED, destroyed.kek());
      case KekFailure.StateInvalid invalid ->
          ErrorStatus.of(Reason.KEK_STATE_INVALID, invalid.kek(), invalid.state())
              .with(Map.of("kek", invalid.kek().toString(), "state", invalid.state().name()));
      case KekFailure.ClockSkew ignored -> ErrorStatus.of(Reason.CLOCK_SKEW);
      case KekFailure.StoreUnavailable ignored -> ErrorStatus.of(Reason.STORE_UNAVAILABLE);
    };
  }

  private static ErrorStatus of(KekFailure.Disabled failure) {
    ErrorStatus disabled = about(Reason.KEK_DISABLED, failure.kek());
    return failure.destroyTime() == null
        ? disabled
        : disabled
            .withText(
                "The private key of the KEK `%s` will be erased at %s; RestoreKek prevents that."
                    .formatted(failure.kek(), failure.destroyTime()))
            .with(
                Map.of(
                    "kek",
                    failure.kek().toString(),
                    "destroy_time",
                    failure.destroyTime().toString()));
  }

  private static ErrorStatus of(KeystoreFailure failure) {
    return switch (failure) {
      case KeystoreFailure.AlreadyExists exists ->
          about(Reason.KEYSTORE_ALREADY_EXISTS, exists.keystore())
              .with(resource(exists.keystore()));
      case KeystoreFailure.Deleted deleted ->
          about(Reason.KEYSTORE_DELETED, deleted.keystore()).with(resource(deleted.keystore()));
      case KeystoreFailure.DeleteScheduled deleted ->
          ErrorStatus.of(Reason.KEYSTORE_DELETE_SCHEDULED, deleted.keystore(), deleted.deleteTime())
              .with(
                  Map.of(
                      "keystore",
                      deleted.keystore().toString(),
                      "delete_time",
                      deleted.deleteTime().toString()));
      case KeystoreFailure.HasKeks keks -> about(Reason.KEYSTORE_HAS_KEKS, keks.keystore());
      case KeystoreFailure.KekInUse used -> of(used);
      case KeystoreFailure.Changed changed -> about(Reason.ETAG_MISMATCH, changed.keystore());
      case KeystoreFailure.CheckFailed failed -> of(failed.keystore(), failed.step());
      case KeystoreFailure.KeyPairsOverloaded full ->
          ErrorStatus.of(Reason.KEY_PAIRS_OVERLOADED).after(full.retryAfter());
      case KeystoreFailure.TestsLimited limited ->
          ErrorStatus.of(Reason.RATE_LIMITED).after(limited.retryAfter());
      case KeystoreFailure.KekActive active -> about(Reason.KEK_ACTIVE, active.kek());
      case KeystoreFailure.NoBrokerManagedKey ignored ->
          new RequestInvalid(
                  "keystore.root_key.broker_managed",
                  "this deployment offers no broker-managed key")
              .status();
      case KeystoreFailure.KeyInOwnAccount ignored ->
          new RequestInvalid(
                  "keystore.root_key.aws_kms.key_arn",
                  "is in the broker's own account; must be in another account")
              .status();
    };
  }

  private static ErrorStatus of(KeystoreFailure.KekInUse failure) {
    Instant last = failure.lastUse();
    return last == null
        ? ErrorStatus.of(Reason.KEK_IN_USE, failure.kek(), "")
            .with(Map.of("kek", failure.kek().toString()))
            .withText(
                "The audit trail does not record unwraps or rewraps, so it is unknown whether the"
                    + " KEK `%s` is in use. Set `force` if it is not.".formatted(failure.kek()))
        : ErrorStatus.of(Reason.KEK_IN_USE, failure.kek(), last)
            .with(Map.of("kek", failure.kek().toString(), "last_use_time", last.toString()));
  }

  private static ErrorStatus of(KeystoreName keystore, CheckResult.Step step) {
    RootKeyError error = Objects.requireNonNull(step.error());
    String id = step.kind().id();
    return ErrorStatus.of(
            Reason.KEYSTORE_TEST_FAILED, keystore, id, cut(error.hint(), LONGEST_HINT_IN_TEXT))
        .with(Map.of("keystore", keystore.toString()))
        .with(
            PreconditionFailure.newBuilder()
                .addViolations(
                    PreconditionFailure.Violation.newBuilder()
                        .setType(id)
                        .setSubject(keystore.toString())
                        .setDescription(cut(error.hint(), LONGEST_HINT)))
                .build(),
            detail(error));
  }

  private static ErrorStatus about(Reason reason, KeystoreName keystore) {
    return ErrorStatus.of(reason, keystore).with(Map.of("keystore", keystore.toString()));
  }

  private static ErrorStatus about(Reason reason, KekName kek) {
    return ErrorStatus.of(reason, kek).with(Map.of("kek", kek.toString()));
  }

  private static Message resource(KeystoreName keystore) {
    return ResourceInfo.newBuilder()
        .setResourceType("keybroker.dev/Keystore")
        .setResourceName(keystore.toString())
        .build();
  }

  private static Message resource(KekName kek) {
    return ResourceInfo.newBuilder()
        .setResourceType("keybroker.dev/Kek")
        .setResourceName(kek.toString())
        .build();
  }

  static Reason reason(KmsFailure.Kind kind) {
    return switch (kind) {
      case ACCESS_DENIED -> Reason.KMS_ACCESS_DENIED;
      case KEY_DISABLED -> Reason.KMS_KEY_DISABLED;
      case KEY_PENDING_DELETION -> Reason.KMS_KEY_PENDING_DELETION;
      case KEY_UNAVAILABLE -> Reason.KMS_KEY_UNAVAILABLE;
      case KEY_NOT_FOUND -> Reason.KMS_KEY_NOT_FOUND;
      case KEY_UNUSABLE, CIPHERTEXT_REFUSED -> Reason.KMS_KEY_UNUSABLE;
      case THROTTLED -> Reason.KMS_THROTTLED;
      case TOO_MANY_CALLS -> Reason.ROOT_KEY_BUSY;
      case UNREACHABLE -> Reason.KMS_UNREACHABLE;
    };
  }

  /// The status gives the keystore's administrator what AWS reported and what helps.
  private static ErrorStatus of(KmsFailure failure) {
    ErrorStatus status = ErrorStatus.of(reason(failure.kind()));
    KmsFailure.Explanation explanation = failure.explanation();
    if (explanation == null) {
      return status;
    }
    RootKeyError error =
        new RootKeyError(
            failure.code(),
            failure.action(),
            failure.detail(),
            explanation.hint(),
            failure.requestId(),
            explanation.time());
    return status
        .withText(
            "%s `%s` failed: %s"
                .formatted(status.text(), error.action(), cut(error.hint(), LONGEST_HINT_IN_TEXT)))
        .with(detail(error));
  }

  private static KmsError detail(RootKeyError error) {
    return KeystoreMapping.error(error).toBuilder()
        .setMessage(cut(error.message(), LONGEST_AWS_MESSAGE))
        .setHint(cut(error.hint(), LONGEST_HINT))
        .build();
  }

  /// Cuts the text between two words and adds an ellipsis.
  private static String cut(String text, int longest) {
    if (text.length() <= longest) {
      return text;
    }
    int space = text.lastIndexOf(' ', longest);
    return text.substring(0, space > 0 ? space : longest) + " ...";
  }
}
