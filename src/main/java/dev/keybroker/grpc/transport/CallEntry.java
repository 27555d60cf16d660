package dev.keybroker.grpc.transport;

import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;

/// What every call of every service goes through first, before anything else of the broker or of
/// Quarkus sees it.
public interface CallEntry extends ServerInterceptor {
  /// The status of a call that is refused because too many bytes are under way.
  ///
  /// @param limit whose limit it is: `connection` or `broker`
  StatusRuntimeException tooManyBytes(String limit);
}
