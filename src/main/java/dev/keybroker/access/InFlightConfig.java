package dev.keybroker.access;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/// Limits on the calls in flight in each broker. Calls above a limit fail with IN_FLIGHT_LIMITED.
@ConfigMapping(prefix = "keybroker.in-flight")
public interface InFlightConfig {
  /// The maximum number of calls in flight of one caller. For a batch, the items in progress count,
  /// at most 32. 0 means no limit.
  @WithDefault("10000")
  @Bounds(atLeast = "0")
  int callerCalls();

  /// The maximum number of bytes of the calls in flight on one connection: requests, counted while
  /// they are read, and responses that are not sent yet. Keep it above twice
  /// `quarkus.grpc.server.max-inbound-message-size`, so that the largest batch fits. 0 means no
  /// limit.
  @WithDefault("25165824")
  @Bounds(atLeast = "0")
  long connectionBytes();

  /// The maximum number of bytes of the calls in flight on all connections of the broker. The last
  /// quarter is reserved for connections with at most 64 KiB in flight. 0 means no limit.
  @WithDefault("67108864")
  @Bounds(atLeast = "0")
  long brokerBytes();
}
