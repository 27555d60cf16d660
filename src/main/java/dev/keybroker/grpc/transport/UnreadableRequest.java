package dev.keybroker.grpc.transport;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.Status;

/// A placeholder for a request whose bytes cannot be parsed.
public enum UnreadableRequest {
  /// A field of type string is not valid UTF-8.
  NOT_UTF8,

  /// The bytes are incomplete or not of this type: truncated, in another encoding, or not
  /// compressed as announced.
  NOT_A_MESSAGE,

  /// Larger than the inbound limit, once decompressed.
  TOO_LARGE;

  static UnreadableRequest of(RuntimeException failure) {
    if (Status.fromThrowable(failure).getCode() == Status.Code.RESOURCE_EXHAUSTED) {
      return TOO_LARGE;
    }
    for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
      // protobuf has no exception type for this, only this fixed text.
      if (cause instanceof InvalidProtocolBufferException
          && String.valueOf(cause.getMessage()).contains("UTF-8")) {
        return NOT_UTF8;
      }
    }
    return NOT_A_MESSAGE;
  }
}
