package dev.keybroker.grpc.transport;

import io.grpc.BinaryLog;
import io.grpc.Channel;
import io.grpc.MethodDescriptor;
import io.grpc.ServerMethodDefinition;
import java.io.InputStream;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Reads requests so that bytes that do not parse reach the interceptors as an [UnreadableRequest].
/// By default, grpc-java parses requests before any interceptor runs, ends such a call as UNKNOWN,
/// and logs a stack trace each time.
///
/// It is implemented as a binary log, because that is the only hook of grpc-java that can replace
/// the method of every call, including health and reflection. It does not log anything.
final class RequestReading extends BinaryLog {
  private final Map<MethodDescriptor<?, ?>, MethodDescriptor<?, ?>> methods =
      new ConcurrentHashMap<>();

  private record Marshaller<Q>(MethodDescriptor.Marshaller<Q> messages)
      implements MethodDescriptor.Marshaller<Q> {
    @Override
    public InputStream stream(Q message) {
      return messages.stream(message);
    }

    // Interceptors and handlers see messages as objects, so this one reaches the interceptor that
    // looks for it.
    @Override
    @SuppressWarnings("unchecked")
    public Q parse(InputStream bytes) {
      try {
        return messages.parse(bytes);
      } catch (RuntimeException e) {
        return (Q) UnreadableRequest.of(e);
      }
    }
  }

  @Override
  public <Q, A> ServerMethodDefinition<?, ?> wrapMethodDefinition(
      ServerMethodDefinition<Q, A> method) {
    return ServerMethodDefinition.create(
        reading(method.getMethodDescriptor()), method.getServerCallHandler());
  }

  @SuppressWarnings("unchecked") // the value has the type of its key
  private <Q, A> MethodDescriptor<Q, A> reading(MethodDescriptor<Q, A> method) {
    return (MethodDescriptor<Q, A>)
        methods.computeIfAbsent(method, missing -> withReading(missing));
  }

  private static <Q, A> MethodDescriptor<Q, A> withReading(MethodDescriptor<Q, A> method) {
    return method.toBuilder()
        .setRequestMarshaller(new Marshaller<>(method.getRequestMarshaller()))
        .build();
  }

  @Override
  public Channel wrapChannel(Channel channel) {
    return channel;
  }

  @Override
  public void close() {}
}
