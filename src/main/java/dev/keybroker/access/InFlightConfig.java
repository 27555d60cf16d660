package dev.keybroker.access;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/// How much may be under way at once in each broker. What is above is refused with
/// IN_FLIGHT_LIMITED.
@ConfigMapping(prefix = "keybroker.in-flight")
public interface InFlightConfig {
  /// Calls of one caller that are under way at once. Of a batch, the items that are being worked on
  /// count, 32 at most. At least 0; 0 means no limit.
  @WithDefault("10000")
  int callerCalls();

  /// Bytes of the calls under way on one connection: requests, counted while they are read, and
  /// answers that are not yet sent. Keep it above twice
  /// `quarkus.grpc.server.max-inbound-message-size`, so that the largest batch fits. At least 0; 0
  /// means no limit.
  @WithDefault("25165824")
  long connectionBytes();

  /// Bytes of the calls under way on all connections of the broker. The last quarter is kept for
  /// connections with at most 64 KiB under way. At least 0; 0 means no limit.
  @WithDefault("67108864")
  long brokerBytes();
}
