package dev.keybroker.grpc.transport;

import io.grpc.Codec;
import io.grpc.DecompressorRegistry;
import io.grpc.netty.InternalProtocolNegotiators;
import io.grpc.netty.NettyServerBuilder;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.handler.ssl.SslContext;
import io.quarkus.grpc.api.ServerBuilderCustomizer;
import io.quarkus.grpc.runtime.config.GrpcServerConfiguration;
import io.vertx.grpc.VertxServerBuilder;
import jakarta.inject.Singleton;
import java.util.concurrent.TimeUnit;

/// Configures TLS, limits and the call entry of the gRPC server.
@Singleton
class ServerSetup implements ServerBuilderCustomizer<VertxServerBuilder> {
  private final ServerTls tls;
  private final ConnectionConfig config;
  private final Connections connections;
  private final BytesInFlight bytes;
  private final CallEntry entry;
  private final OpenConnections open;
  private final Refusals refusals;
  private final MeterRegistry meters;

  ServerSetup(
      ServerTls tls,
      ConnectionConfig config,
      Connections connections,
      BytesInFlight bytes,
      CallEntry entry,
      OpenConnections open,
      Refusals refusals,
      MeterRegistry meters) {
    this.tls = tls;
    this.config = config;
    this.connections = connections;
    this.bytes = bytes;
    this.entry = entry;
    this.open = open;
    this.refusals = refusals;
    this.meters = meters;
  }

  @Override
  public void customize(GrpcServerConfiguration server, VertxServerBuilder builder) {
    NettyServerBuilder netty = builder.nettyBuilder();
    SslContext context = tls.context();
    netty
        .protocolNegotiator(
            new ConnectionGate(
                context == null
                    ? InternalProtocolNegotiators.serverPlaintext()
                    : InternalProtocolNegotiators.serverTls(context),
                open,
                refusals))
        .maxConcurrentCallsPerConnection(config.maxConcurrentCalls())
        .maxConnectionAge(config.maxAge().toMillis(), TimeUnit.MILLISECONDS)
        .maxConnectionAgeGrace(config.maxAgeGrace().toMillis(), TimeUnit.MILLISECONDS)
        .maxConnectionIdle(config.maxIdle().toMillis(), TimeUnit.MILLISECONDS)
        .keepAliveTime(config.keepAliveTime().toMillis(), TimeUnit.MILLISECONDS)
        .keepAliveTimeout(config.keepAliveTimeout().toMillis(), TimeUnit.MILLISECONDS)
        .permitKeepAliveTime(config.permitKeepAliveTime().toMillis(), TimeUnit.MILLISECONDS)
        .permitKeepAliveWithoutCalls(true)
        .addStreamTracerFactory(new DeadlineLimit(config.maxCallDuration()))
        .addStreamTracerFactory(CallBytes.factory(bytes))
        .addStreamTracerFactory(new AbandonedCalls(meters))
        .addTransportFilter(connections)
        .setBinaryLog(new RequestReading())
        .decompressorRegistry(
            DecompressorRegistry.emptyInstance()
                .with(Codec.Identity.NONE, false)
                .with(new Gunzip(), true))
        // The last one added is the first to see a call.
        .intercept(entry::interceptCall)
        .intercept(new BytesGate(entry)::interceptCall);
  }
}
