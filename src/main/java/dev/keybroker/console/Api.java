package dev.keybroker.console;

import com.google.protobuf.Message;
import dev.keybroker.grpc.LocalCalls;
import dev.keybroker.v1.AuditLog;
import dev.keybroker.v1.Keystores;
import io.grpc.StatusRuntimeException;
import io.smallrye.mutiny.TimeoutException;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.function.BiFunction;

/// The API as the visitor's browser calls it. Blocks until the answer; fails with [RefusedCall].
@Singleton
class Api {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final LocalCalls calls;
  private final Visitor visitor;

  Api(LocalCalls calls, Visitor visitor) {
    this.calls = calls;
    this.visitor = visitor;
  }

  <Q extends Message, A> A keystores(Q request, BiFunction<Keystores, Q, Uni<A>> rpc) {
    return await(calls.keystores(visitor.caller(), visitor.peer(), request, rpc));
  }

  <Q extends Message, A> A auditLog(Q request, BiFunction<AuditLog, Q, Uni<A>> rpc) {
    return await(calls.auditLog(visitor.caller(), visitor.peer(), request, rpc));
  }

  private static <A> A await(Uni<A> answer) {
    try {
      return answer.await().atMost(PATIENCE);
    } catch (StatusRuntimeException e) {
      throw RefusedCall.of(e);
    } catch (TimeoutException e) {
      throw RefusedCall.late();
    }
  }
}
