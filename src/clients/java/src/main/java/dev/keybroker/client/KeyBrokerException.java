package dev.keybroker.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;

/** A call that the broker refused, or that did not reach it. */
public final class KeyBrokerException extends IOException {
  private static final long serialVersionUID = 1L;

  private final Status.Code code;
  private final String reason;

  private KeyBrokerException(Status.Code code, String reason, String text, Throwable cause) {
    super(code + (reason.isEmpty() ? "" : "/" + reason) + ": " + text, cause);
    this.code = code;
    this.reason = reason;
  }

  static KeyBrokerException of(StatusRuntimeException failure) {
    com.google.rpc.Status status = StatusProto.fromThrowable(failure);
    return new KeyBrokerException(
        failure.getStatus().getCode(),
        status == null ? "" : reason(status),
        String.valueOf(failure.getStatus().getDescription()),
        failure);
  }

  static KeyBrokerException of(com.google.rpc.Status status) {
    return new KeyBrokerException(
        Status.fromCodeValue(status.getCode()).getCode(),
        reason(status),
        status.getMessage(),
        null);
  }

  private static String reason(com.google.rpc.Status status) {
    for (Any detail : status.getDetailsList()) {
      try {
        if (detail.is(ErrorInfo.class)
            && detail.unpack(ErrorInfo.class).getDomain().equals("keybroker.dev")) {
          return detail.unpack(ErrorInfo.class).getReason();
        }
      } catch (InvalidProtocolBufferException e) {
        return "";
      }
    }
    return "";
  }

  /** The gRPC code. */
  public Status.Code code() {
    return code;
  }

  /**
   * The broker's reason, e.g. {@code KMS_ACCESS_DENIED} (src/docs/errors.md); empty if the call did
   * not reach a broker.
   */
  public String reason() {
    return reason;
  }

  /** Whether the same call can succeed later without a change by anyone. */
  public boolean isRetryable() {
    return code == Status.Code.UNAVAILABLE
        || code == Status.Code.DEADLINE_EXCEEDED
        || code == Status.Code.RESOURCE_EXHAUSTED;
  }

  /**
   * Whether the broker, or what it stores, is away. A broker that answers that the root key cannot
   * be used is not: the keystore's owner decided that wraps stop then.
   */
  boolean isBrokerAway() {
    return isRetryable() && !reason.startsWith("KMS_") && !reason.equals("ROOT_KEY_BUSY");
  }
}
