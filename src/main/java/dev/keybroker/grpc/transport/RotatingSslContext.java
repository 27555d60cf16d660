package dev.keybroker.grpc.transport;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.SslContext;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;

/// The context of whatever certificate is in force: each handshake takes one context whole, so that
/// chain, key and trust always belong together. Connections live on with theirs; TLS sessions end
/// with their context, so that nobody resumes one that today's trust would not begin.
final class RotatingSslContext extends SslContext {
  private volatile SslContext inForce;

  RotatingSslContext(SslContext first) {
    this.inForce = first;
  }

  void use(SslContext next) {
    inForce = next;
  }

  @Override
  public boolean isClient() {
    return false;
  }

  @Override
  public List<String> cipherSuites() {
    return inForce.cipherSuites();
  }

  @Override
  @SuppressWarnings("deprecation")
  public ApplicationProtocolNegotiator applicationProtocolNegotiator() {
    return inForce.applicationProtocolNegotiator();
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator) {
    return inForce.newEngine(allocator);
  }

  @Override
  public SSLEngine newEngine(ByteBufAllocator allocator, String peerHost, int peerPort) {
    return inForce.newEngine(allocator, peerHost, peerPort);
  }

  @Override
  public SSLSessionContext sessionContext() {
    return inForce.sessionContext();
  }
}
