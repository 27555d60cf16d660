package dev.keybroker.grpc.transport;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.ssl.ApplicationProtocolNegotiator;
import io.netty.handler.ssl.SslContext;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLSessionContext;

/// An SSL context that delegates to the one in force. Each handshake uses a single context, so that
/// chain, key and trust always belong together. Existing connections keep their context. TLS
/// sessions end with their context, so that no client resumes a session that the current trust
/// would reject.
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
