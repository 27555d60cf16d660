package dev.keybroker.grpc.transport;

import dev.keybroker.grpc.transport.OpenConnections.OpenConnection;
import dev.keybroker.telemetry.LogText;
import io.grpc.netty.GrpcHttp2ConnectionHandler;
import io.grpc.netty.InternalProtocolNegotiationEvent;
import io.grpc.netty.InternalProtocolNegotiator;
import io.grpc.netty.ProtocolNegotiationEvent;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandler;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.handler.ssl.NotSslRecordException;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.AsciiString;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// Handles each connection at its very start, before its handshake: counts it, refuses it if there
/// is no room, and reports a failed handshake. grpc-java itself exposes a connection only after TLS
/// and HTTP/2 are established, and never one whose handshake fails.
final class ConnectionGate implements InternalProtocolNegotiator.ProtocolNegotiator {
  private final InternalProtocolNegotiator.ProtocolNegotiator next;
  private final OpenConnections connections;
  private final Refusals refusals;

  /// @param next negotiates the protocol that follows: TLS, or plaintext
  ConnectionGate(
      InternalProtocolNegotiator.ProtocolNegotiator next,
      OpenConnections connections,
      Refusals refusals) {
    this.next = next;
    this.connections = connections;
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
    private @Nullable OpenConnection connection;

    Start(ChannelHandler handshake) {
      this.handshake = handshake;
    }

    @Override
    public void handlerAdded(ChannelHandlerContext context) {
      connection = connections.add(context.channel());
      if (connection == null) {
        ChannelFuture unused = context.close();
      }
    }

    @Override
    public void userEventTriggered(ChannelHandlerContext context, Object event) {
      OpenConnection counted = connection;
      if (counted != null && event instanceof ProtocolNegotiationEvent begin) {
        context.pipeline().addAfter(context.name(), null, handshake);
        context.fireUserEventTriggered(
            InternalProtocolNegotiationEvent.withAttributes(
                begin,
                InternalProtocolNegotiationEvent.getAttributes(begin).toBuilder()
                    .set(Connections.OPEN, counted)
                    .build()));
        report(context);
        context.pipeline().remove(this);
      } else if (counted != null) {
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

  /// A connection that either end closes during its handshake does not count as refused.
  private void add(Object peer, SSLException failure) {
    ClientRefused refused = refused(failure);
    if (refused != null) {
      refusals.add(refused.refusal(), peer, "client certificate: " + refused.getMessage());
      return;
    }
    String message = message(failure);
    refusals.add(
        message.contains("Empty client certificate chain")
            ? Refusal.CERTIFICATE_MISSING
            : Refusal.HANDSHAKE,
        peer,
        message);
  }

  /// Omits what the peer sent, because a client without TLS may have sent a token or a DEK.
  private static String message(SSLException failure) {
    return failure instanceof NotSslRecordException
        ? "the peer does not use TLS"
        : LogText.line(String.valueOf(failure.getMessage()));
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
