package dev.keybroker.console;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.Code;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.keybroker.v1.KmsError;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import org.jspecify.annotations.Nullable;

/// A call of the API that was refused, with the status that a gRPC client would receive.
final class RefusedCall extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final Code code;
  private final String reason;
  private final transient @Nullable Problem problem;

  private RefusedCall(Code code, String reason, String text, @Nullable Problem problem) {
    super(text, null, false, false);
    this.code = code;
    this.reason = reason;
    this.problem = problem;
  }

  static RefusedCall of(StatusRuntimeException failure) {
    Status status = StatusProto.fromThrowable(failure);
    String reason = "";
    Problem problem = null;
    try {
      for (Any detail : status == null ? java.util.List.<Any>of() : status.getDetailsList()) {
        if (detail.is(ErrorInfo.class)) {
          reason = detail.unpack(ErrorInfo.class).getReason();
        } else if (detail.is(KmsError.class)) {
          problem = Problem.of(detail.unpack(KmsError.class));
        }
      }
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
    Code code = Code.forNumber(failure.getStatus().getCode().value());
    String text = failure.getStatus().getDescription();
    return new RefusedCall(
        code == null ? Code.UNKNOWN : code, reason, text == null ? "" : text, problem);
  }

  static RefusedCall unauthenticated(String text) {
    return new RefusedCall(Code.UNAUTHENTICATED, "UNAUTHENTICATED", text, null);
  }

  static RefusedCall invalid(String text) {
    return new RefusedCall(Code.INVALID_ARGUMENT, "REQUEST_INVALID", text, null);
  }

  /// What the visitor may not change.
  static RefusedCall denied() {
    return new RefusedCall(
        Code.PERMISSION_DENIED, "PERMISSION_DENIED", "The caller lacks the permission.", null);
  }

  /// What the console has no place for at the moment.
  static RefusedCall busy() {
    return new RefusedCall(
        Code.UNAVAILABLE,
        "CONSOLE_BUSY",
        "Too many pages of the console are waiting for an answer. Nothing was changed. Try again in"
            + " a moment.",
        null);
  }

  static RefusedCall late() {
    return new RefusedCall(
        Code.DEADLINE_EXCEEDED,
        "DEADLINE_EXCEEDED",
        "The broker did not answer in time. A change may still have been made.",
        null);
  }

  /// As the documentation of errors writes it, `CODE/REASON`.
  String id() {
    return code + "/" + reason;
  }

  String reason() {
    return reason;
  }

  String text() {
    return String.valueOf(getMessage());
  }

  boolean isDenied() {
    return code == Code.PERMISSION_DENIED || code == Code.UNAUTHENTICATED;
  }

  /// What AWS answered; null if the refusal is not about AWS.
  @Nullable Problem problem() {
    return problem;
  }

  int httpStatus() {
    return switch (code) {
      case INVALID_ARGUMENT -> 400;
      case PERMISSION_DENIED, UNAUTHENTICATED -> 403;
      case NOT_FOUND -> 404;
      case FAILED_PRECONDITION, ALREADY_EXISTS, ABORTED -> 409;
      case RESOURCE_EXHAUSTED -> 429;
      case UNAVAILABLE, DEADLINE_EXCEEDED -> 503;
      default -> 500;
    };
  }
}
