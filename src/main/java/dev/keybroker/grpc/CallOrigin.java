package dev.keybroker.grpc;

import dev.keybroker.access.Caller;
import dev.keybroker.telemetry.Trace;
import io.grpc.Context;

/// The origin of a call, kept in the call's gRPC context.
///
/// @param peer the address and port of the connection's peer
/// @param trace the call's place in its trace
record CallOrigin(Caller caller, String peer, Trace trace) {
  static final Context.Key<CallOrigin> KEY = Context.key("keybroker.call-origin");

  /// Returns the origin of the call that runs on this thread. Read it before anything asynchronous.
  static CallOrigin current() {
    CallOrigin origin = KEY.get();
    if (origin == null) {
      throw new IllegalStateException("not in a call");
    }
    // The span of the call starts after its origin is determined.
    return origin.trace == Trace.NONE
        ? origin
        : new CallOrigin(origin.caller, origin.peer, Trace.current());
  }
}
