package dev.keybroker.grpc.transport;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// Limits on what a client may hold, so that an idle, slow or hostile client holds nothing for
/// ever. The size limits are settings of Quarkus: `quarkus.grpc.server.max-inbound-message-size`,
/// `quarkus.grpc.server.max-inbound-metadata-size`; so is `quarkus.grpc.server.handshake-timeout`.
@ConfigMapping(prefix = "keybroker.connection")
public interface ConnectionConfig {
  /// The maximum number of connections, including those in their handshake. Beyond it, a new
  /// connection closes the oldest one on which no caller is authenticated yet; if there is none,
  /// the new connection is closed.
  @WithDefault("2000")
  @Bounds(atLeast = "1")
  int max();

  /// The same limit for one peer: an IPv4 address, or a /64 of IPv6. If a proxy, NAT or load
  /// balancer hides the addresses of clients, they all count as one peer: raise the limit then.
  /// Zero means no limit.
  @WithDefault("200")
  @Bounds(atLeast = "0")
  int maxPerPeer();

  /// How long a connection may exist before a client certificate or a token authenticates a caller
  /// on it, counted from its TCP accept, including the handshake. Health checks do not
  /// authenticate. After this time the connection is closed. A handshake that does not end is cut
  /// earlier, by `quarkus.grpc.server.handshake-timeout`.
  @WithDefault("30s")
  @Bounds(atLeast = "1 ms")
  Duration proofTimeout();

  /// The maximum number of concurrent calls on one connection. Client libraries queue calls above
  /// it.
  @WithDefault("250")
  @Bounds(atLeast = "1")
  int maxConcurrentCalls();

  /// After this time a connection takes no new calls (GOAWAY), and clients reconnect, so that load
  /// reaches new brokers and clients see the current certificate. Shortened or extended at random
  /// by up to 10 %.
  @WithDefault("30m")
  @Bounds(atLeast = "1 ms")
  Duration maxAge();

  /// How long calls may continue after `max-age`. Then the connection is cut. No less than
  /// `max-call-duration`; otherwise calls that started in time are cut.
  @WithDefault("60s")
  @Bounds(atLeast = "1 ms")
  Duration maxAgeGrace();

  /// A connection is closed after this time without a call.
  @WithDefault("15m")
  @Bounds(atLeast = "1 ms")
  Duration maxIdle();

  /// If nothing was read from a connection for this time, the broker checks that the peer is still
  /// there (HTTP/2 PING). grpc-java allows no less than 1 s.
  @WithDefault("60s")
  @Bounds(atLeast = "1 ms")
  Duration keepAliveTime();

  /// How long the peer may take to answer the PING. Then the connection is cut.
  @WithDefault("20s")
  @Bounds(atLeast = "1 ms")
  Duration keepAliveTimeout();

  /// The minimum interval between PINGs of a client, with or without calls. A client that sends
  /// them more often is disconnected. Zero means no limit.
  @WithDefault("20s")
  @Bounds(atLeast = "0")
  Duration permitKeepAliveTime();

  /// The maximum duration of a call, from its first byte until the client has read the last byte of
  /// the response. Longer calls are cut, whichever side is slow. A shorter deadline of the client
  /// takes precedence. Does not apply to `RewrapDeks`, health `Watch` and reflection, which last as
  /// long as their connection.
  @WithDefault("60s")
  @Bounds(atLeast = "1 ms")
  Duration maxCallDuration();
}
