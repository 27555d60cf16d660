package dev.keybroker.grpc;

import com.google.protobuf.Message;
import dev.keybroker.grpc.transport.UnreadableRequest;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.protobuf.ProtoMethodDescriptorSupplier;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.inject.Singleton;
import org.jspecify.annotations.Nullable;

/// Refuses bytes that do not parse and messages that violate a constraint, before any expensive
/// work.
@Singleton
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
      ErrorStatus refusal = refusal(message);
      received = true;
      if (refusal == null) {
        super.onMessage(message);
      } else {
        refuse(refusal);
      }
    }

    private @Nullable ErrorStatus refusal(Q message) {
      if (message instanceof UnreadableRequest unreadable) {
        ErrorStatus status = unreadable(unreadable);
        Rpc rpc = Rpc.of(call.getMethodDescriptor());
        if (rpc != null) {
          records.unreadable(CallOrigin.current(), rpc, status.reason());
        }
        return status;
      }
      if (received && takesOneMessage()) {
        return notOneMessage();
      }
      if (message instanceof Message proto) {
        RequestInvalid refusal = validation.check(proto);
        return refusal == null ? null : refusal.status();
      }
      return null;
    }

    private ErrorStatus unreadable(UnreadableRequest why) {
      return switch (why) {
        case NOT_UTF8 -> notOfType("a string in them is not UTF-8");
        case NOT_A_MESSAGE ->
            notOfType("they are cut off, of another message, or in another encoding");
        case TOO_LARGE -> ErrorStatus.of(Reason.REQUEST_TOO_LARGE);
      };
    }

    private ErrorStatus notOfType(String why) {
      return RequestInvalid.ofMessage("The request's bytes are no " + requestType() + ": " + why)
          .status();
    }

    private ErrorStatus notOneMessage() {
      return RequestInvalid.ofMessage("The call must have exactly one request, a " + requestType())
          .status();
    }

    /// The full name of the request's message.
    private String requestType() {
      return call.getMethodDescriptor().getSchemaDescriptor()
              instanceof ProtoMethodDescriptorSupplier proto
          ? proto.getMethodDescriptor().getInputType().getFullName()
          : "message";
    }

    private boolean takesOneMessage() {
      return call.getMethodDescriptor().getType().clientSendsOneMessage();
    }

    private void refuse(ErrorStatus refusal) {
      refused = true;
      refusal.end(call);
    }

    @Override
    public void onHalfClose() {
      if (refused) {
        return;
      }
      if (received || !takesOneMessage()) {
        super.onHalfClose();
      } else {
        refuse(notOneMessage());
      }
    }
  }
}
