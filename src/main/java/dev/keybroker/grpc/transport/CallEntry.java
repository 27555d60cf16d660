package dev.keybroker.grpc.transport;

import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.StatusRuntimeException;

/// The first step of every call of every service, before anything else in the broker or Quarkus
/// sees it.
public interface CallEntry {
  /// Like [io.grpc.ServerInterceptor], but none: Quarkus warns of interceptors that it does not
  /// place itself.
  <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next);

  /// The status of a call that is refused because too many bytes are in flight.
  ///
  /// @param limit the limit that was exceeded: `connection` or `broker`
  StatusRuntimeException tooManyBytes(String limit);
}
