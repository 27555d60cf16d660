package dev.keybroker.embedded;

import io.quarkus.arc.profile.IfBuildProfile;
import io.quarkus.grpc.runtime.devmode.GrpcServerReloader;
import io.quarkus.runtime.ShutdownEvent;
import io.vertx.grpc.VertxServer;
import jakarta.enterprise.event.Observes;

/// Has each hot reload of dev mode make a new gRPC server. Quarkus would keep the previous one,
/// which the drain has ended; and where no call had come for it to end, with one that lacks what is
/// set on the server itself: without the entry of calls, none has a caller.
@IfBuildProfile("dev")
final class ServerRestart {
  void forget(@Observes ShutdownEvent event) {
    VertxServer server = GrpcServerReloader.getServer();
    if (server != null) {
      // The call that asked for the reload would wait for an answer of the old server.
      server.getRawServer().shutdownNow();
    }
    GrpcServerReloader.shutdown();
  }
}
