package dev.keybroker.grpc;

import com.google.protobuf.Message;
import com.google.rpc.Status;
import dev.keybroker.grpc.transport.UnreadableRequest;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.enterprise.context.ApplicationScoped;
import org.jspecify.annotations.Nullable;

/// Refuses what is no request, and messages that break a constraint, before anything else costs.
@ApplicationScoped
@GlobalInterceptor
class ValidatingInterceptor implements ServerInterceptor {
  private final RequestValidation validation;
  private final CallRecords records;

  ValidatingInterceptor(RequestValidation validation, CallRecords records) {
    this.validation = validation;
    this.records = records;
  }

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    return new Validating<>(call, next.startCall(call, headers));
  }

  private final class Validating<Q> extends SimpleForwardingServerCallListener<Q> {
    private final ServerCall<Q, ?> call;
    private boolean received;
    private boolean refused;

    Validating(ServerCall<Q, ?> call, ServerCall.Listener<Q> next) {
      super(next);
      this.call = call;
    }

    @Override
    public void onMessage(Q message) {
      if (refused) {
        return;
      }
      Status refusal = refusal(message);
      received = true;
      if (refusal == null) {
        super.onMessage(message);
      } else {
        refuse(refusal);
      }
    }

    private @Nullable Status refusal(Q message) {
      if (message instanceof UnreadableRequest unreadable) {
        Status status = GrpcErrors.requestUnreadable(unreadable, requestType());
        Rpc rpc = Rpc.of(call.getMethodDescriptor());
        if (rpc != null) {
          records.unreadable(CallOrigin.current(), rpc, status);
        }
        return status;
      }
      if (received && takesOneMessage()) {
        return GrpcErrors.notOneMessage(requestType());
      }
      if (message instanceof Message proto) {
        RequestRefused refusal = validation.check(proto);
        return refusal == null ? null : refusal.status();
      }
      return null;
    }

    private String requestType() {
      return call.getMethodDescriptor().getSchemaDescriptor()
              instanceof ProtoMethodDescriptorSupplier proto
          ? proto.getMethodDescriptor().getInputType().getFullName()
          : "message";
    }

    private boolean takesOneMessage() {
      return call.getMethodDescriptor().getType().clientSendsOneMessage();
    }

    private void refuse(Status refusal) {
      refused = true;
      StatusRuntimeException status = FailureStatus.exception(refusal);
      Metadata trailers = status.getTrailers();
      call.close(status.getStatus(), trailers == null ? new Metadata() : trailers);
    }

    @Override
    public void onHalfClose() {
      if (refused) {
        return;
      }
      if (received || !takesOneMessage()) {
        super.onHalfClose();
      } else {
        refuse(GrpcErrors.notOneMessage(requestType()));
      }
    }
  }
}
