package dev.keybroker.grpc;

import dev.keybroker.access.AccessFailure;
import dev.keybroker.grpc.transport.CallEntry;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import jakarta.inject.Singleton;

/// The outermost layer of every call. If an exception, or a status without the details that the
/// contract promises, escapes from inside, the call ends as a fault of the broker: INTERNAL with
/// its ErrorInfo, and one log entry.
@Singleton
class CallBoundary implements CallEntry {
  private static final String CONTRACT = "keybroker.";

  private final CallOriginInterceptor origins;
  private final DirectRoute direct;

  CallBoundary(CallOriginInterceptor origins, DirectRoute direct) {
    this.origins = origins;
    this.direct = direct;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    BoundedCall<Q, A> bounded = new BoundedCall<>(call);
    try {
      return new BoundedListener<>(
          bounded, origins.interceptCall(bounded, headers, direct.orElse(call, next)));
    } catch (RuntimeException e) {
      bounded.fail(e);
      return new ServerCall.Listener<>() {};
    }
  }

  @Override
  public StatusRuntimeException tooManyBytes(String limit) {
    return FailureStatus.exception(new AccessFailure.InFlightLimited(limit));
  }

  /// Use only on the call's thread.
  private static final class BoundedCall<Q, A> extends SimpleForwardingServerCall<Q, A> {
    private boolean closed;

    BoundedCall(ServerCall<Q, A> call) {
      super(call);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      // Inner layers do not always know that the call has already ended.
      if (closed) {
        return;
      }
      closed = true;
      if (status.isOk() || trailers.containsKey(ErrorStatus.DETAILS) || isLeftAsItIs(status)) {
        super.close(status, trailers);
      } else {
        end(status.asRuntimeException());
      }
    }

    /// Health and reflection have the statuses of their own contracts, and a call whose caller is
    /// gone is not a fault.
    private boolean isLeftAsItIs(Status status) {
      return switch (status.getCode()) {
        case CANCELLED, DEADLINE_EXCEEDED -> true;
        case UNKNOWN, INTERNAL -> false;
        default -> !getMethodDescriptor().getFullMethodName().startsWith(CONTRACT);
      };
    }

    void fail(RuntimeException failure) {
      if (closed) {
        FailureStatus.log(failure);
      } else {
        closed = true;
        end(failure);
      }
    }

    private void end(RuntimeException failure) {
      FailureStatus.answer(failure).end(delegate());
    }
  }

  private static final class BoundedListener<Q> extends SimpleForwardingServerCallListener<Q> {
    private final BoundedCall<Q, ?> call;

    BoundedListener(BoundedCall<Q, ?> call, ServerCall.Listener<Q> next) {
      super(next);
      this.call = call;
    }

    private void within(Runnable event) {
      try {
        event.run();
      } catch (RuntimeException e) {
        call.fail(e);
      }
    }

    @Override
    public void onMessage(Q message) {
      if (!call.closed) {
        within(() -> super.onMessage(message));
      }
    }

    @Override
    public void onHalfClose() {
      if (!call.closed) {
        within(super::onHalfClose);
      }
    }

    @Override
    public void onCancel() {
      within(super::onCancel);
    }

    @Override
    public void onComplete() {
      within(super::onComplete);
    }

    @Override
    public void onReady() {
      within(super::onReady);
    }
  }
}
