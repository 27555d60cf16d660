package dev.keybroker.grpc.transport;

import dev.keybroker.access.InFlightConfig;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// The bytes of all calls under way, for each connection and altogether. Thread-safe.
///
/// A request counts while it is read, so a message that never ends counts too; nothing is read of
/// a call before its caller is known, except for health checks. It counts until the call has
/// ended, for what is made of it lives as long.
@Singleton
class BytesInFlight {
  /// The last quarter of the broker's bytes is for connections with no more than this, so that a
  /// few that hold much do not shut out the many that hold little.
  static final long LITTLE = 64 * 1024;

  private final long connectionMax;
  private final long brokerMax;
  private final AtomicLong total = new AtomicLong();
  private final Counter refusedByConnection;
  private final Counter refusedByBroker;

  BytesInFlight(InFlightConfig config, MeterRegistry meters) {
    this.connectionMax = bound("connection-bytes", config.connectionBytes());
    this.brokerMax = bound("broker-bytes", config.brokerBytes());
    this.refusedByConnection =
        meters.counter(Metrics.IN_FLIGHT_REFUSED, Metrics.LIMIT, "connection");
    this.refusedByBroker = meters.counter(Metrics.IN_FLIGHT_REFUSED, Metrics.LIMIT, "broker");
    meters.gauge(Metrics.IN_FLIGHT_BYTES, total);
  }

  private static long bound(String name, long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("keybroker.in-flight." + name + " must not be negative");
    }
    return bytes == 0 ? Long.MAX_VALUE : bytes;
  }

  /// Counts bytes of a connection, or, if negative, no longer counts them.
  void add(AtomicLong ofConnection, long bytes) {
    ofConnection.addAndGet(bytes);
    total.addAndGet(bytes);
  }

  /// Whose limit a connection is above; null if none.
  @Nullable String exceeded(AtomicLong ofConnection) {
    long mine = ofConnection.get();
    if (mine > connectionMax) {
      refusedByConnection.increment();
      return "connection";
    }
    if (total.get() > (mine > LITTLE ? brokerMax - brokerMax / 4 : brokerMax)) {
      refusedByBroker.increment();
      return "broker";
    }
    return null;
  }

  long total() {
    return total.get();
  }
}
