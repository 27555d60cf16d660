package dev.keybroker.grpc;

import dev.keybroker.access.Caller;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.stub.MetadataUtils;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.spi.Prioritized;

/// Lets a test call as whom it likes: a header names the caller, in place of a proof. What it does
/// with a caller, the broker does as ever.
@ApplicationScoped
@GlobalInterceptor
public class TestCallers implements ServerInterceptor, Prioritized {
  private static final Metadata.Key<String> HEADER =
      Metadata.Key.of("keybroker-test-caller", Metadata.ASCII_STRING_MARSHALLER);

  /// The channel, for calls of the caller whom the access file writes `dns:{name}`.
  public static Channel as(String name, Channel channel) {
    Metadata headers = new Metadata();
    headers.put(HEADER, name);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /// After the one that puts the origin into the context.
  @Override
  public int getPriority() {
    return -1;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    String name = headers.get(HEADER);
    if (name == null) {
      return next.startCall(call, headers);
    }
    CallOrigin origin = CallOrigin.current();
    return Contexts.interceptCall(
        Context.current()
            .withValue(
                CallOrigin.KEY,
                new CallOrigin(new Caller(Caller.Kind.DNS, name), origin.peer(), origin.trace())),
        call,
        headers,
        next);
  }
}
