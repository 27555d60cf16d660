package dev.keybroker.grpc;

import dev.keybroker.v1.KeyBrokerGrpc;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.inject.Singleton;

/// Adds the headers of [LastKnownHeaders] to `WrapDek`.
@Singleton
@GlobalInterceptor
class LastKnownInterceptor implements ServerInterceptor {
  private static final String WRAP_DEK = KeyBrokerGrpc.getWrapDekMethod().getFullMethodName();

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (!call.getMethodDescriptor().getFullMethodName().equals(WRAP_DEK)) {
      return next.startCall(call, headers);
    }
    LastKnownHeaders lastKnown = new LastKnownHeaders();
    ServerCall<Q, A> withHeaders =
        new SimpleForwardingServerCall<>(call) {
          @Override
          public void sendHeaders(Metadata responseHeaders) {
            lastKnown.addTo(responseHeaders);
            super.sendHeaders(responseHeaders);
          }
        };
    return Contexts.interceptCall(
        Context.current().withValue(LastKnownHeaders.KEY, lastKnown), withHeaders, headers, next);
  }
}
