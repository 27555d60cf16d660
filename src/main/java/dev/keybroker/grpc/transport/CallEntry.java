package dev.keybroker.grpc.transport;

import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;

/// The first step of every call of every service, before anything else in the broker or Quarkus
/// sees it.
public interface CallEntry extends ServerInterceptor {
  /// The status of a call that is refused because too many bytes are in flight.
  ///
  /// @param limit the limit that was exceeded: `connection` or `broker`
  StatusRuntimeException tooManyBytes(String limit);
}
