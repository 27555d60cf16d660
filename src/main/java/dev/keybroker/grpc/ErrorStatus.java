package dev.keybroker.grpc;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.protobuf.util.Durations;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The status of a call that failed. It is packed when it leaves the service.
///
/// @param metadata the resources that the status is about
/// @param retryDelay how long the caller waits before a retry; null if a retry cannot help
/// @param details what follows the `ErrorInfo` and the `RetryInfo`
record ErrorStatus(
    Reason reason,
    String text,
    Map<String, String> metadata,
    @Nullable Duration retryDelay,
    List<Message> details) {
  private static final String DOMAIN = "keybroker.dev";

  /// The trailer of a status with details, as [StatusProto] writes it.
  static final Metadata.Key<Status> DETAILS =
      Metadata.Key.of(
          "grpc-status-details-bin", ProtoUtils.metadataMarshaller(Status.getDefaultInstance()));

  /// @param resources what the reason's text names, in its order
  static ErrorStatus of(Reason reason, Object... resources) {
    String text = resources.length == 0 ? reason.text() : reason.text().formatted(resources);
    return new ErrorStatus(reason, text, Map.of(), reason.retryDelay(), List.of());
  }

  ErrorStatus withText(String text) {
    return new ErrorStatus(reason, text, metadata, retryDelay, details);
  }

  ErrorStatus with(Map<String, String> metadata) {
    return new ErrorStatus(reason, text, metadata, retryDelay, details);
  }

  ErrorStatus after(Duration retryDelay) {
    return new ErrorStatus(reason, text, metadata, retryDelay, details);
  }

  /// With further details at the end.
  ErrorStatus with(Message... further) {
    List<Message> all = new ArrayList<>(details);
    all.addAll(List.of(further));
    return new ErrorStatus(reason, text, metadata, retryDelay, List.copyOf(all));
  }

  Status toProto() {
    Status.Builder status =
        Status.newBuilder()
            .setCode(reason.code().getNumber())
            .setMessage(text)
            .addDetails(
                Any.pack(
                    ErrorInfo.newBuilder()
                        .setReason(reason.name())
                        .setDomain(DOMAIN)
                        .putAllMetadata(metadata)
                        .build()));
    if (retryDelay != null) {
      status.addDetails(
          Any.pack(
              RetryInfo.newBuilder()
                  .setRetryDelay(Durations.fromNanos(retryDelay.toNanos()))
                  .build()));
    }
    details.forEach(detail -> status.addDetails(Any.pack(detail)));
    return status.build();
  }

  /// Ends a call with this status. It makes no exception, whose stack trace costs more than the
  /// refusal: a broker under overload refuses thousands of calls a second.
  void end(ServerCall<?, ?> call) {
    Status status = toProto();
    Metadata trailers = new Metadata();
    trailers.put(DETAILS, status);
    call.close(
        io.grpc.Status.fromCodeValue(status.getCode()).withDescription(status.getMessage()),
        trailers);
  }

  StatusRuntimeException toException() {
    return StatusProto.toStatusRuntimeException(toProto());
  }
}
