package dev.keybroker.grpc.transport;

import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import java.time.Duration;

/// Gives every call a deadline: the client's, or the maximum duration of a call if that is shorter
/// or the client gave none. The server then cuts the call, even if its message never arrives or its
/// answer is never read.
///
/// It sets the header of the deadline, because the server reads that right after it has called this
/// factory and puts it into the call's context.
final class DeadlineLimit extends ServerStreamTracer.Factory {
  private static final Metadata.Key<String> TIMEOUT =
      Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER);
  private static final ServerStreamTracer NOTHING = new ServerStreamTracer() {};
  private static final int MOST_DIGITS = 8;

  private final long longestNanos;
  private final String longest;

  DeadlineLimit(Duration longest) {
    this.longestNanos = longest.toNanos();
    this.longest = longest.toMillis() + "m";
  }

  @Override
  public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
    String given = headers.get(TIMEOUT);
    if ((given == null || nanos(given) > longestNanos) && !lastsAsItsConnection(fullMethodName)) {
      if (given != null) {
        headers.removeAll(TIMEOUT);
      }
      headers.put(TIMEOUT, longest);
    }
    return NOTHING;
  }

  private static boolean lastsAsItsConnection(String method) {
    return method.equals("grpc.health.v1.Health/Watch")
        || method.startsWith("grpc.reflection.")
        || method.equals("keybroker.v1.KeyBroker/RewrapDeks");
  }

  /// Parses the value of the header (gRPC over HTTP/2: up to eight digits and a unit). If it is not
  /// valid, returns the maximum.
  private static long nanos(String timeout) {
    int digits = timeout.length() - 1;
    if (digits < 1 || digits > MOST_DIGITS) {
      return Long.MAX_VALUE;
    }
    long value = 0;
    for (int i = 0; i < digits; i++) {
      char digit = timeout.charAt(i);
      if (digit < '0' || digit > '9') {
        return Long.MAX_VALUE;
      }
      value = 10 * value + digit - '0';
    }
    return switch (timeout.charAt(digits)) {
      case 'n' -> value;
      case 'u' -> value * 1_000L;
      case 'm' -> value * 1_000_000L;
      case 'S' -> value * 1_000_000_000L;
      case 'M' -> value * 60_000_000_000L;
      case 'H' -> Long.MAX_VALUE;
      default -> Long.MAX_VALUE;
    };
  }
}
