package dev.keybroker.grpc;

import io.grpc.ClientInterceptor;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.util.UUID;

/// The header by which a caller says in which trace its call is (W3C Trace Context, section 3.2).
final class TraceParent {
  private static final Metadata.Key<String> NAME =
      Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER);
  private static final String SPAN = "00f067aa0ba902b7";

  private TraceParent() {}

  static String newTraceId() {
    return UUID.randomUUID().toString().replace("-", "");
  }

  /// @param flags `01` where the caller samples the trace, else `00`
  static ClientInterceptor header(String traceId, String flags) {
    Metadata headers = new Metadata();
    headers.put(NAME, "00-" + traceId + "-" + SPAN + "-" + flags);
    return MetadataUtils.newAttachHeadersInterceptor(headers);
  }
}
