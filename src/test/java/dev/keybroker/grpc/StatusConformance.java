package dev.keybroker.grpc;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.ErrorInfo;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// Looks at every status that reaches a client: those of failed calls carry the ErrorInfo of this
/// service first.
final class StatusConformance implements ClientInterceptor {
  private final List<String> violations = new CopyOnWriteArrayList<>();

  List<String> violations() {
    return List.copyOf(violations);
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<A> listener, Metadata headers) {
        super.start(
            new SimpleForwardingClientCallListener<>(listener) {
              @Override
              public void onClose(Status status, Metadata trailers) {
                if (!status.isOk() && !conforms(status, trailers)) {
                  violations.add(method.getFullMethodName() + " " + status);
                }
                super.onClose(status, trailers);
              }
            },
            headers);
      }
    };
  }

  private static boolean conforms(Status status, Metadata trailers) {
    com.google.rpc.Status details = StatusProto.fromStatusAndTrailers(status, trailers);
    try {
      return details.getDetailsCount() > 0
          && details.getDetails(0).is(ErrorInfo.class)
          && details.getDetails(0).unpack(ErrorInfo.class).getDomain().equals("keybroker.dev");
    } catch (InvalidProtocolBufferException e) {
      return false;
    }
  }
}
