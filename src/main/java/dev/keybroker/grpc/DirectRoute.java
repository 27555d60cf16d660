package dev.keybroker.grpc;

import dev.keybroker.telemetry.Spans;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import io.grpc.ServerMethodDefinition;
import io.grpc.ServerServiceDefinition;
import io.quarkus.arc.Arc;
import io.quarkus.grpc.GrpcService;
import io.quarkus.grpc.runtime.ServerInterceptorStorage;
import io.quarkus.runtime.LaunchMode;
import jakarta.enterprise.inject.spi.Prioritized;
import jakarta.inject.Singleton;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The way of a call to the data plane, without the layers that Quarkus puts around each service: a
/// duplicated Vert.x context, a request context, and a handler of exceptions. The data plane needs
/// none of them. Only tracing keeps its state there, so traced calls take Quarkus' way. So do those
/// of dev mode, where Quarkus replaces the services of a running server.
@Singleton
class DirectRoute {
  private static final List<String> SKIPPED =
      List.of("io.quarkus.grpc.", "io.quarkus.opentelemetry.");

  private final @Nullable ServerServiceDefinition dataPlane;

  DirectRoute(
      @GrpcService BrokerService broker, ServerInterceptorStorage interceptors, Spans spans) {
    boolean isByQuarkus = spans.areOn() || LaunchMode.current() == LaunchMode.DEVELOPMENT;
    this.dataPlane =
        isByQuarkus ? null : ServerInterceptors.intercept(broker, needed(interceptors));
  }

  /// Returns the needed ones of the interceptors that Quarkus puts around each service, in Quarkus'
  /// order: the last one is the first to see a call.
  private static List<ServerInterceptor> needed(ServerInterceptorStorage interceptors) {
    return interceptors.getGlobalInterceptors().stream()
        .filter(type -> SKIPPED.stream().noneMatch(type.getName()::startsWith))
        .map(type -> (ServerInterceptor) Arc.container().instance(type).get())
        .sorted(Comparator.comparingInt(DirectRoute::priority))
        .toList();
  }

  private static int priority(ServerInterceptor interceptor) {
    return interceptor instanceof Prioritized prioritized ? prioritized.getPriority() : 0;
  }

  /// Returns the handler of a call, which is the given one if there is no direct route.
  @SuppressWarnings("unchecked") // the method has the types of the call
  <Q, A> ServerCallHandler<Q, A> orElse(ServerCall<Q, A> call, ServerCallHandler<Q, A> other) {
    ServerMethodDefinition<?, ?> method =
        dataPlane == null
            ? null
            : dataPlane.getMethod(call.getMethodDescriptor().getFullMethodName());
    return method == null ? other : (ServerCallHandler<Q, A>) method.getServerCallHandler();
  }
}
