package dev.keybroker.console;

import com.google.protobuf.Message;
import dev.keybroker.access.Caller;
import dev.keybroker.grpc.LocalCalls;
import dev.keybroker.telemetry.Metrics;
import dev.keybroker.v1.AuditLog;
import dev.keybroker.v1.GetKekRequest;
import dev.keybroker.v1.KekState;
import dev.keybroker.v1.Keystores;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BiFunction;
import java.util.function.Supplier;

/// The API as the visitor's browser calls it. Blocks until the answer; fails with [RefusedCall].
///
/// The calls in progress are bounded, and so are the threads and database connections that pages
/// can hold. Further calls fail at once.
@Singleton
class Api {
  private final LocalCalls calls;
  private final Visitor visitor;
  private final Duration timeout;
  private final Semaphore places;
  private final Counter refused;

  Api(LocalCalls calls, Visitor visitor, ConsoleConfig config, MeterRegistry registry) {
    this.calls = calls;
    this.visitor = visitor;
    this.timeout = config.timeout();
    this.places = new Semaphore(config.calls());
    this.refused = registry.counter(Metrics.CONSOLE_REFUSED);
  }

  <Q extends Message, A> A keystores(Q request, BiFunction<Keystores, Q, Uni<A>> rpc) {
    Caller caller = visitor.caller();
    String peer = visitor.peer();
    return await(() -> calls.keystores(caller, peer, request, rpc));
  }

  <Q extends Message, A> A auditLog(Q request, BiFunction<AuditLog, Q, Uni<A>> rpc) {
    Caller caller = visitor.caller();
    String peer = visitor.peer();
    return await(() -> calls.auditLog(caller, peer, request, rpc));
  }

  /// Whether a change of a KEK was refused because the KEK is in this state already: the same form
  /// has been sent before.
  boolean isRepeated(RefusedCall refused, String kek, KekState state) {
    return refused.reason().equals("KEK_STATE_INVALID")
        && keystores(GetKekRequest.newBuilder().setName(kek).build(), Keystores::getKek).getState()
            == state;
  }

  /// A call that is late keeps its place until it ends, because it still holds its connection.
  private <A> A await(Supplier<Uni<A>> call) {
    if (!places.tryAcquire()) {
      refused.increment();
      throw RefusedCall.busy();
    }
    CompletableFuture<A> answer =
        Uni.createFrom()
            .deferred(call::get)
            .subscribeAsCompletionStage()
            .whenComplete((ignored, failure) -> places.release());
    try {
      return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof StatusRuntimeException status) {
        throw RefusedCall.of(status);
      }
      throw new IllegalStateException(e);
    } catch (TimeoutException e) {
      throw RefusedCall.late();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw RefusedCall.late();
    }
  }
}
