package dev.keybroker.grpc.transport;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// What a client may hold, so that one that is idle, slow or hostile holds nothing for ever. The
/// sizes are settings of Quarkus: `quarkus.grpc.server.max-inbound-message-size`,
/// `quarkus.grpc.server.max-inbound-metadata-size`; so is `quarkus.grpc.server.handshake-timeout`.
@ConfigMapping(prefix = "keybroker.connection")
public interface ConnectionConfig {
  /// Most connections at a time, those in their handshake included. One more closes the oldest
  /// connection on which no caller is proven yet; if there is none, it is closed itself. At least
  /// 1.
  @WithDefault("2000")
  int max();

  /// The same for one peer: an IPv4 address, or a /64 of IPv6. Behind a proxy, NAT or load balancer
  /// that hides the addresses of clients, all of them are one peer: raise it, or set zero, which
  /// sets no limit.
  @WithDefault("200")
  int maxPerPeer();

  /// How long a connection may go on before a caller is proven on it by a client certificate or a
  /// token, counted from its TCP accept, the handshake included. Calls of health prove nothing. It
  /// is then closed. A handshake that does not end is cut by
  /// `quarkus.grpc.server.handshake-timeout` before. At least 1 ms.
  @WithDefault("30s")
  Duration proofTimeout();

  /// Most calls at a time on one connection; a client's library queues what is above. At least 1.
  @WithDefault("250")
  int maxConcurrentCalls();

  /// After this time a connection takes no new calls (GOAWAY), and clients connect anew: so load
  /// finds its way to new brokers, and a client to the current certificate. Shortened or prolonged
  /// by up to 10 % at random. At least 1 ms.
  @WithDefault("30m")
  Duration maxAge();

  /// How long calls may still go on after `max-age`; then the connection is cut. At least 1 ms, and
  /// no less than `max-call-duration`, or calls are cut that were begun in time.
  @WithDefault("60s")
  Duration maxAgeGrace();

  /// After this time without a call a connection is closed. At least 1 ms.
  @WithDefault("15m")
  Duration maxIdle();

  /// After this time without anything read from a connection the broker asks whether the other end
  /// is still there (HTTP/2 PING). At least 1 ms; grpc-java allows no less than 1 s.
  @WithDefault("60s")
  Duration keepAliveTime();

  /// How long the other end may take to answer that; then the connection is cut. At least 1 ms.
  @WithDefault("20s")
  Duration keepAliveTimeout();

  /// How often clients may ask the same of the broker, with or without calls; who asks more often
  /// is disconnected. Zero: as often as they like.
  @WithDefault("20s")
  Duration permitKeepAliveTime();

  /// Longest time of a call, from its first byte to the last of its answer read by the client. What
  /// takes longer, whoever is slow, is cut. A client's own deadline counts where it is shorter. Not
  /// for `Watch` of health and for reflection, which last as long as their connection. At least
  /// 1 ms.
  @WithDefault("60s")
  Duration maxCallDuration();
}
