package dev.keybroker.grpc.transport;

import dev.keybroker.telemetry.LogText;
import io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.ProtocolNegotiationEvent;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslHandshakeTimeoutException;
import io.netty.util.AsciiString;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Stands at the very start of each connection, before its handshake: grpc-java itself shows a
/// connection only once TLS and HTTP/2 are established, and never one whose handshake fails.
final class ConnectionGate implements InternalProtocolNegotiator.ProtocolNegotiator {
  private final InternalProtocolNegotiator.ProtocolNegotiator next;
  private final Refusals refusals;

  /// @param next negotiates what follows: TLS, or plaintext
  ConnectionGate(InternalProtocolNegotiator.ProtocolNegotiator next, Refusals refusals) {
    this.next = next;
    this.refusals = refusals;
  }

  @Override
  public AsciiString scheme() {
    return next.scheme();
  }

  @Override
  public ChannelHandler newHandler(GrpcHttp2ConnectionHandler http2) {
    return new Start(next.newHandler(http2));
  }

  @Override
  public void close() {
    next.close();
  }

  private final class Start extends ChannelInboundHandlerAdapter {
    private final ChannelHandler handshake;

    Start(ChannelHandler handshake) {
      this.handshake = handshake;
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      if (event instanceof ProtocolNegotiationEvent) {
        context.pipeline().addAfter(context.name(), null, handshake);
        context.fireUserEventTriggered(event);
        report(context);
        context.pipeline().remove(this);
      } else {
        context.fireUserEventTriggered(event);
      }
    }

    private void report(ChannelHandlerContext context) {
      SslHandler tls = context.pipeline().get(SslHandler.class);
      if (tls != null) {
        tls.handshakeFuture()
            .addListener(
                it -> {
                  if (it.cause() instanceof SSLException failure) {
                    add(context.channel().remoteAddress(), failure);
                  }
                });
      }
    }
  }

  /// A connection that either end closes during its handshake is none that was refused.
  private void add(Object peer, SSLException failure) {
    if (failure instanceof SslHandshakeTimeoutException) {
      return;
    }
    ClientRefused refused = refused(failure);
    if (refused != null) {
      refusals.add(refused.refusal(), peer, "client certificate: " + refused.getMessage());
      return;
    }
    String message = LogText.line(String.valueOf(failure.getMessage()));
    refusals.add(
        message.contains("Empty client certificate chain")
            ? Refusal.CERTIFICATE_MISSING
            : Refusal.HANDSHAKE,
        peer,
        message);
  }

  private static @Nullable ClientRefused refused(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof ClientRefused refused) {
        return refused;
      }
    }
    return null;
  }
}
