package dev.keybroker.grpc.transport;

import dev.keybroker.access.AccessTokens.ProvenCaller;
import dev.keybroker.access.Caller;
import dev.keybroker.access.CertificateIdentity;
import dev.keybroker.grpc.transport.OpenConnections.OpenConnection;
import io.grpc.Attributes;
import io.grpc.Grpc;
import io.grpc.ServerCall;
import java.net.SocketAddress;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.concurrent.atomic.AtomicLong;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;

/// A client's connection, with what is determined once for many of its calls: the peer's identity
/// by its certificate, and the caller of its last token.
public final class Connection {
  private static final Attributes.Key<Connection> KEY = Attributes.Key.create("connection");

  private final String peer;
  private final CertificateIdentity certificate;
  private final OpenConnection open;
  private final AtomicLong bytesInFlight = new AtomicLong();
  private volatile @Nullable LastToken lastToken;

  private record LastToken(String token, ProvenCaller proven) {}

  private Connection(String peer, CertificateIdentity certificate, OpenConnection open) {
    this.peer = peer;
    this.certificate = certificate;
    this.open = open;
  }

  /// Returns the connection of a call.
  public static Connection of(ServerCall<?, ?> call) {
    Connection connection = call.getAttributes().get(KEY);
    if (connection == null) {
      throw new IllegalStateException("a call without a connection");
    }
    return connection;
  }

  /// Returns the attributes of a new connection, including itself. A certificate that names a
  /// caller proves it.
  static Attributes describe(Attributes attributes, OpenConnection open) {
    SocketAddress address = attributes.get(Grpc.TRANSPORT_ATTR_REMOTE_ADDR);
    SSLSession session = attributes.get(Grpc.TRANSPORT_ATTR_SSL_SESSION);
    CertificateIdentity certificate =
        session == null ? new CertificateIdentity.None() : identity(session);
    if (certificate instanceof CertificateIdentity.Named) {
      open.prove();
    }
    Connection connection =
        new Connection(address == null ? "unknown" : address.toString(), certificate, open);
    return attributes.toBuilder().set(KEY, connection).build();
  }

  private static CertificateIdentity identity(SSLSession session) {
    try {
      Certificate leaf = session.getPeerCertificates()[0];
      return leaf instanceof X509Certificate x509
          ? CertificateIdentity.of(x509)
          : new CertificateIdentity.Unusable("not an X.509 certificate");
    } catch (SSLPeerUnverifiedException e) {
      return new CertificateIdentity.None();
    }
  }

  /// The address and port of the peer.
  public String peer() {
    return peer;
  }

  /// The peer's identity by the certificate that TLS verified.
  public CertificateIdentity certificate() {
    return certificate;
  }

  /// Returns the caller of a token, if it is the last one of this connection and is still valid.
  public @Nullable Caller callerOf(String token, long nowNanos) {
    LastToken last = lastToken;
    return last != null && last.proven.untilNanos() - nowNanos > 0 && last.token.equals(token)
        ? last.proven.caller()
        : null;
  }

  /// The bytes of its calls in flight.
  AtomicLong bytesInFlight() {
    return bytesInFlight;
  }

  /// Remembers the caller that a token proved.
  public void remember(String token, ProvenCaller proven) {
    open.prove();
    lastToken = new LastToken(token, proven);
  }
}
