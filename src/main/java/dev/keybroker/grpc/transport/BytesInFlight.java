package dev.keybroker.grpc.transport;

import dev.keybroker.access.InFlightConfig;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// Counts the bytes of all calls in flight, for each connection and in total. Thread-safe.
///
/// A request counts while it is read, so a message that never ends counts too. Except for health
/// checks, nothing of a call is read before its caller is known. A request counts until its call
/// has ended, because the objects made from it live as long.
@Singleton
class BytesInFlight {
  /// The last quarter of the broker's bytes is reserved for connections with no more than this, so
  /// that a few large connections do not shut out the many small ones.
  static final long LITTLE = 64 * 1024;

  private final long connectionMax;
  private final long brokerMax;
  private final AtomicLong total = new AtomicLong();
  private final Counter refusedByConnection;
  private final Counter refusedByBroker;

  BytesInFlight(InFlightConfig config, MeterRegistry meters) {
    this.connectionMax = limit(config.connectionBytes());
    this.brokerMax = limit(config.brokerBytes());
    this.refusedByConnection =
        meters.counter(Metrics.IN_FLIGHT_REFUSED, Metrics.LIMIT, "connection");
    this.refusedByBroker = meters.counter(Metrics.IN_FLIGHT_REFUSED, Metrics.LIMIT, "broker");
    meters.gauge(Metrics.IN_FLIGHT_BYTES, total);
  }

  private static long limit(long bytes) {
    return bytes == 0 ? Long.MAX_VALUE : bytes;
  }

  /// Adds bytes to a connection's count, or subtracts them if negative.
  void add(AtomicLong ofConnection, long bytes) {
    ofConnection.addAndGet(bytes);
    total.addAndGet(bytes);
  }

  /// Returns the limit that a connection exceeds; null if none.
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
