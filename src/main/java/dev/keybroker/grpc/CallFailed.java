package dev.keybroker.grpc;

import com.google.rpc.Status;

/// A call that failed, with the status to answer: what is on record and what is answered are the
/// same.
final class CallFailed extends RuntimeException {
  private final transient Status status;

  CallFailed(Status status) {
    super("call failed", null, false, false);
    this.status = status;
  }

  Status status() {
    return status;
  }
}
