package dev.keybroker.grpc;

import com.google.rpc.Status;

/// A request that validation refused, with the status to answer.
final class RequestRefused extends RuntimeException {
  private final transient Status status;

  RequestRefused(Status status) {
    super("request refused", null, false, false);
    this.status = status;
  }

  Status status() {
    return status;
  }
}
