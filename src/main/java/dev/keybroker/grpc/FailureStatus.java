package dev.keybroker.grpc;

import com.google.rpc.BadRequest;
import com.google.rpc.Status;
import dev.keybroker.access.AccessFailure;
import dev.keybroker.access.AuthenticationFailure;
import dev.keybroker.audit.AuditFailure;
import dev.keybroker.dek.DekFailure;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.keystore.KeystoreFailure;
import dev.keybroker.keystore.RootKeyError;
import dev.keybroker.kms.KmsFailure;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import org.jboss.logging.Logger;

/// The status of a failure: one exhaustive switch for each family.
final class FailureStatus {
  private static final Logger LOG = Logger.getLogger(FailureStatus.class);

  private FailureStatus() {}

  static StatusRuntimeException exception(Throwable failure) {
    return exception(of(failure));
  }

  static StatusRuntimeException exception(Status status) {
    return StatusProto.toStatusRuntimeException(status);
  }

  static Status of(Throwable failure) {
    return switch (failure) {
      case RequestInvalid invalid -> invalid(invalid.field(), invalid.description());
      case RequestRefused refused -> refused.status();
      case CallFailed failed -> failed.status();
      case AuditFailure audit -> of(audit);
      case AuthenticationFailure authentication -> of(authentication);
      case AccessFailure access -> of(access);
      case DekFailure dek -> of(dek);
      case KekFailure kek -> of(kek);
      case KmsFailure kms -> of(kms);
      case KeystoreFailure keystore -> of(keystore);
      default -> {
        log(failure);
        yield GrpcErrors.internal();
      }
    };
  }

  /// A fault of the broker.
  static void log(Throwable fault) {
    LOG.error("a call failed by a fault of the broker", fault);
  }

  private static Status of(AuthenticationFailure failure) {
    return switch (failure) {
      case AuthenticationFailure.CredentialsMissing ignored -> GrpcErrors.credentialsMissing();
      case AuthenticationFailure.CertificateUnusable ignored -> GrpcErrors.certificateUnusable();
      case AuthenticationFailure.TokenInvalid ignored -> GrpcErrors.tokenInvalid();
      case AuthenticationFailure.TokenExpired ignored -> GrpcErrors.tokenExpired();
      case AuthenticationFailure.TooManyTokens ignored -> GrpcErrors.tooManyTokens();
      case AuthenticationFailure.KeysUnavailable ignored -> GrpcErrors.tokenKeysUnavailable();
    };
  }

  private static Status of(AccessFailure failure) {
    return switch (failure) {
      case AccessFailure.Denied ignored -> GrpcErrors.permissionDenied();
      case AccessFailure.InFlightLimited full -> GrpcErrors.inFlightLimited(full.limit());
      case AccessFailure.RateLimited limited -> GrpcErrors.rateLimited(limited.retryAfter());
    };
  }

  private static Status of(DekFailure failure) {
    return switch (failure) {
      case DekFailure.NotAuthentic ignored -> GrpcErrors.wrappedDekNotAuthentic();
      case DekFailure.Overloaded ignored -> GrpcErrors.unwrapOverloaded();
      case DekFailure.Expired ignored -> GrpcErrors.privateKekExpired();
    };
  }

  private static Status of(AuditFailure failure) {
    return switch (failure) {
      case AuditFailure.NotCommitted ignored -> GrpcErrors.auditUnavailable();
      case AuditFailure.Busy ignored -> GrpcErrors.auditQueryBusy();
      case AuditFailure.TooLarge ignored -> GrpcErrors.auditQueryTooLarge();
      case AuditFailure.Unreadable unreadable -> {
        LOG.warnf("audit records cannot be read: %s", unreadable.getCause());
        yield GrpcErrors.storeUnavailable();
      }
    };
  }

  private static Status of(KekFailure failure) {
    return switch (failure) {
      case KekFailure.UnknownKeystore unknown -> GrpcErrors.keystoreNotFound(unknown.keystore());
      case KekFailure.NoActiveKek none -> GrpcErrors.keystoreHasNoActiveKek(none.keystore());
      case KekFailure.UnknownKek unknown -> GrpcErrors.kekNotFound(unknown.kek());
      case KekFailure.Disabled disabled ->
          GrpcErrors.kekDisabled(disabled.kek(), disabled.destroyTime());
      case KekFailure.Destroyed destroyed -> GrpcErrors.kekDestroyed(destroyed.kek());
      case KekFailure.StateInvalid invalid ->
          GrpcErrors.kekStateInvalid(invalid.kek(), invalid.state());
      case KekFailure.ClockSkew ignored -> GrpcErrors.clockSkew();
      case KekFailure.StoreUnavailable ignored -> GrpcErrors.storeUnavailable();
    };
  }

  private static Status of(KeystoreFailure failure) {
    return switch (failure) {
      case KeystoreFailure.AlreadyExists exists ->
          GrpcErrors.keystoreAlreadyExists(exists.keystore());
      case KeystoreFailure.Changed changed -> GrpcErrors.etagMismatch(changed.keystore());
      case KeystoreFailure.CheckFailed failed ->
          GrpcErrors.keystoreTestFailed(failed.keystore(), failed.step());
      case KeystoreFailure.KeyPairsOverloaded full ->
          GrpcErrors.keyPairsOverloaded(full.retryAfter());
      case KeystoreFailure.TestsLimited limited -> GrpcErrors.rateLimited(limited.retryAfter());
      case KeystoreFailure.KekActive active -> GrpcErrors.kekActive(active.kek());
      case KeystoreFailure.NoBrokerManagedKey ignored ->
          invalid(
              "keystore.root_key.broker_managed", "this deployment offers no broker-managed key");
      case KeystoreFailure.KeyInOwnAccount ignored ->
          invalid(
              "keystore.root_key.aws_kms.key_arn",
              "is in the broker's own account; must be in another account");
    };
  }

  private static Status invalid(String field, String description) {
    return GrpcErrors.requestInvalid(
        List.of(
            BadRequest.FieldViolation.newBuilder()
                .setField(field)
                .setDescription(description)
                .build()));
  }

  /// The reason of a root key's failure, as the errors' table writes it.
  static String reason(KmsFailure.Kind kind) {
    return switch (kind) {
      case ACCESS_DENIED -> "KMS_ACCESS_DENIED";
      case KEY_DISABLED -> "KMS_KEY_DISABLED";
      case KEY_PENDING_DELETION -> "KMS_KEY_PENDING_DELETION";
      case KEY_UNAVAILABLE -> "KMS_KEY_UNAVAILABLE";
      case KEY_NOT_FOUND -> "KMS_KEY_NOT_FOUND";
      case KEY_UNUSABLE, CIPHERTEXT_REFUSED -> "KMS_KEY_UNUSABLE";
      case THROTTLED -> "KMS_THROTTLED";
      case TOO_MANY_CALLS -> "ROOT_KEY_BUSY";
      case UNREACHABLE -> "KMS_UNREACHABLE";
    };
  }

  private static Status of(KmsFailure failure) {
    KmsFailure.Explanation explanation = failure.explanation();
    Status status = ofKind(failure.kind());
    return explanation == null
        ? status
        : GrpcErrors.explained(
            status,
            new RootKeyError(
                failure.code(),
                failure.action(),
                failure.detail(),
                explanation.hint(),
                failure.requestId(),
                explanation.time()));
  }

  private static Status ofKind(KmsFailure.Kind kind) {
    return switch (kind) {
      case ACCESS_DENIED -> GrpcErrors.kmsAccessDenied();
      case KEY_DISABLED -> GrpcErrors.kmsKeyDisabled();
      case KEY_PENDING_DELETION -> GrpcErrors.kmsKeyPendingDeletion();
      case KEY_UNAVAILABLE -> GrpcErrors.kmsKeyUnavailable();
      case KEY_NOT_FOUND -> GrpcErrors.kmsKeyNotFound();
      case KEY_UNUSABLE, CIPHERTEXT_REFUSED -> GrpcErrors.kmsKeyUnusable();
      case THROTTLED -> GrpcErrors.kmsThrottled();
      case TOO_MANY_CALLS -> GrpcErrors.rootKeyBusy();
      case UNREACHABLE -> GrpcErrors.kmsUnreachable();
    };
  }
}
