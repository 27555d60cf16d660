package dev.keybroker.grpc;

import com.google.rpc.BadRequest;
import com.google.rpc.Status;
import dev.keybroker.dek.DekFailure;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.keystore.KeystoreFailure;
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
    return StatusProto.toStatusRuntimeException(of(failure));
  }

  static Status of(Throwable failure) {
    return switch (failure) {
      case RequestInvalid invalid ->
          GrpcErrors.requestInvalid(
              List.of(
                  BadRequest.FieldViolation.newBuilder()
                      .setField(invalid.field())
                      .setDescription(invalid.description())
                      .build()));
      case RequestRefused refused -> refused.status();
      case DekFailure dek -> of(dek);
      case KekFailure kek -> of(kek);
      case KmsFailure kms -> of(kms);
      case KeystoreFailure keystore -> of(keystore);
      default -> {
        LOG.error("a call failed by a fault of the broker", failure);
        yield GrpcErrors.internal();
      }
    };
  }

  private static Status of(DekFailure failure) {
    return switch (failure) {
      case DekFailure.NotAuthentic ignored -> GrpcErrors.wrappedDekNotAuthentic();
      case DekFailure.Overloaded ignored -> GrpcErrors.unwrapOverloaded();
    };
  }

  private static Status of(KekFailure failure) {
    return switch (failure) {
      case KekFailure.UnknownKeystore unknown -> GrpcErrors.keystoreNotFound(unknown.keystore());
      case KekFailure.NoActiveKek none -> GrpcErrors.keystoreHasNoActiveKek(none.keystore());
      case KekFailure.UnknownKek ignored -> GrpcErrors.kekNotFound();
      case KekFailure.Disabled disabled -> GrpcErrors.kekDisabled(disabled.kek());
      case KekFailure.Destroyed destroyed -> GrpcErrors.kekDestroyed(destroyed.kek());
      case KekFailure.StateInvalid invalid ->
          GrpcErrors.kekStateInvalid(invalid.kek(), invalid.state());
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
      case KeystoreFailure.KekActive active -> GrpcErrors.kekActive(active.kek());
      case KeystoreFailure.UnknownKek unknown -> GrpcErrors.kekNotFound(unknown.kek());
      case KeystoreFailure.NoBrokerManagedKey ignored ->
          GrpcErrors.requestInvalid(
              List.of(
                  BadRequest.FieldViolation.newBuilder()
                      .setField("keystore.root_key.broker_managed")
                      .setDescription("this deployment offers no broker-managed key")
                      .build()));
    };
  }

  private static Status of(KmsFailure failure) {
    return switch (failure.kind()) {
      case ACCESS_DENIED -> GrpcErrors.kmsAccessDenied();
      case KEY_DISABLED -> GrpcErrors.kmsKeyDisabled();
      case KEY_PENDING_DELETION -> GrpcErrors.kmsKeyPendingDeletion();
      case KEY_NOT_FOUND -> GrpcErrors.kmsKeyNotFound();
      case KEY_UNUSABLE, CIPHERTEXT_REFUSED -> GrpcErrors.kmsKeyUnusable();
      case THROTTLED -> GrpcErrors.kmsThrottled();
      case UNREACHABLE -> GrpcErrors.kmsUnreachable();
    };
  }
}
