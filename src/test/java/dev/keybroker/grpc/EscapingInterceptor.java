package dev.keybroker.grpc;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.enterprise.context.ApplicationScoped;

/// Fails a call where its headers ask for that: a fault inside the broker that nothing catches.
@ApplicationScoped
@GlobalInterceptor
class EscapingInterceptor implements ServerInterceptor {
  /// Where to fail.
  static final Metadata.Key<String> FAIL_AT =
      Metadata.Key.of("test-fail-at", Metadata.ASCII_STRING_MARSHALLER);

  static final String SECRET = "what only the log may know";

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    String failAt = String.valueOf(headers.get(FAIL_AT));
    failAt("start", failAt);
    return new SimpleForwardingServerCallListener<>(next.startCall(call, headers)) {
      @Override
      public void onMessage(Q message) {
        failAt("message", failAt);
        super.onMessage(message);
      }

      @Override
      public void onHalfClose() {
        failAt("half-close", failAt);
        if (failAt.equals("status")) {
          call.close(
              Status.UNKNOWN.withDescription(SECRET).withCause(new IllegalStateException(SECRET)),
              new Metadata());
        } else {
          super.onHalfClose();
        }
      }
    };
  }

  private static void failAt(String here, String failAt) {
    if (here.equals(failAt)) {
      throw new IllegalStateException(SECRET);
    }
  }
}
