package dev.keybroker.grpc;

import io.grpc.InternalServer;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Holds the gRPC server, so that it can be shut down in order. Quarkus does not expose it, but
/// each call knows it.
@Singleton
@GlobalInterceptor
public class ServingServer implements ServerInterceptor {
  private volatile @Nullable Server server;

  @Override
  public <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    if (server == null) {
      server = InternalServer.SERVER_CONTEXT_KEY.get();
    }
    return next.startCall(call, headers);
  }

  /// Stops new connections and calls, informs clients with GOAWAY, and lets calls in flight finish.
  /// Blocks until then.
  ///
  /// @return whether all calls ended within this time; the others are cancelled
  public boolean end(Duration longest) throws InterruptedException {
    Server serving = server;
    if (serving == null
        || serving.shutdown().awaitTermination(longest.toMillis(), TimeUnit.MILLISECONDS)) {
      return true;
    }
    serving.shutdownNow();
    return false;
  }
}
