package dev.keybroker.grpc.transport;

import dev.keybroker.telemetry.Metrics;
import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerTransportFilter;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicInteger;

/// The connections that are open: describes each to its calls, and refuses those above their
/// number.
@Singleton
class Connections extends ServerTransportFilter {
  /// Ends the connection by GOAWAY without an error: the client's calls fail as UNAVAILABLE, and it
  /// may try another broker.
  private static final class TooManyConnections extends RuntimeException {
    private TooManyConnections() {
      super(
          "too many connections",
          new Http2Exception(
              Http2Error.NO_ERROR,
              "too many connections",
              Http2Exception.ShutdownHint.HARD_SHUTDOWN),
          false,
          false);
    }
  }

  private static final Attributes.Key<Boolean> COUNTED = Attributes.Key.create("counted");

  private final AtomicInteger open = new AtomicInteger();
  private final int max;
  private final Refusals refusals;

  Connections(ConnectionConfig config, Refusals refusals, MeterRegistry meters) {
    this.max = config.max();
    this.refusals = refusals;
    meters.gauge(Metrics.CONNECTIONS, open);
  }

  @Override
  public Attributes transportReady(Attributes attributes) {
    if (open.incrementAndGet() > max) {
      open.decrementAndGet();
      refusals.add(
          Refusal.TOO_MANY,
          String.valueOf(attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR)),
          "keybroker.connection.max are open");
      throw new TooManyConnections();
    }
    return Connection.describe(attributes.toBuilder().set(COUNTED, true).build());
  }

  @Override
  public void transportTerminated(Attributes attributes) {
    if (attributes != null && attributes.get(COUNTED) != null) {
      open.decrementAndGet();
    }
  }
}
