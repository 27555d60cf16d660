package dev.keybroker.grpc.transport;

import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.Executor;

/// Ends a call that has too many bytes, while its message is read or before its work starts.
final class BytesGate {
  /// A health check needs no authentication, and contains only the name of a service.
  private static final long MOST_OF_A_STRANGER = 4 * 1024;

  private static final String HEALTH = "grpc.health.v1.Health";

  private final CallEntry entry;

  BytesGate(CallEntry entry) {
    this.entry = entry;
  }

  <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    CallBytes bytes = CallBytes.KEY.get();
    if (bytes == null) {
      throw new IllegalStateException("a call whose bytes are not counted");
    }
    Gated<Q, A> gated = new Gated<>(call);
    Executor thread = CallThread.current();
    boolean ofAnybody = HEALTH.equals(call.getMethodDescriptor().getServiceName());
    bytes.begin(
        Connection.of(call).bytesInFlight(),
        ofAnybody ? MOST_OF_A_STRANGER : Long.MAX_VALUE,
        limit -> thread.execute(() -> gated.refuse(limit)));
    return new SimpleForwardingServerCallListener<>(next.startCall(gated, headers)) {
      @Override
      public void onMessage(Q message) {
        String exceeded = bytes.exceeded();
        if (exceeded == null) {
          super.onMessage(message);
        } else {
          gated.refuse(exceeded);
        }
      }

      @Override
      public void onHalfClose() {
        if (!gated.refused) {
          super.onHalfClose();
        }
      }
    };
  }

  /// A call that ends once, with its answer or with a refusal. Use only on the call's thread.
  private final class Gated<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private boolean refused;
    private boolean closed;

    Gated(ServerCall<Q, A> call) {
      super(call);
    }

    void refuse(String limit) {
      if (!closed && !refused) {
        refused = true;
        StatusRuntimeException status = entry.tooManyBytes(limit);
        Metadata trailers = status.getTrailers();
        delegate().close(status.getStatus(), trailers == null ? new Metadata() : trailers);
      }
    }

    @Override
    public void close(Status status, Metadata trailers) {
      closed = true;
      if (!refused) {
        super.close(status, trailers);
      }
    }
  }
}
