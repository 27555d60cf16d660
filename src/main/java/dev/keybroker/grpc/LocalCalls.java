package dev.keybroker.grpc;

import com.google.protobuf.Message;
import dev.keybroker.access.Caller;
import dev.keybroker.telemetry.Trace;
import dev.keybroker.v1.AuditLog;
import dev.keybroker.v1.Keystores;
import io.grpc.Context;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.util.function.BiFunction;

/// The control plane for callers in the broker's own process. A call passes the same validation,
/// permission, rate and audit record as one over the network, and fails with the same statuses.
@Singleton
public class LocalCalls {
  private final Keystores keystores;
  private final AuditLog auditLog;
  private final RequestValidation validation;

  LocalCalls(
      @GrpcService KeystoresService keystores,
      @GrpcService AuditLogService auditLog,
      RequestValidation validation) {
    this.keystores = keystores;
    this.auditLog = auditLog;
    this.validation = validation;
  }

  /// Calls an rpc of the control plane.
  ///
  /// @param peer the address and port of the caller
  public <Q extends Message, A> Uni<A> keystores(
      Caller caller, String peer, Q request, BiFunction<Keystores, Q, Uni<A>> rpc) {
    return call(caller, peer, request, () -> rpc.apply(keystores, request));
  }

  /// Calls an rpc of the audit query.
  ///
  /// @param peer the address and port of the caller
  public <Q extends Message, A> Uni<A> auditLog(
      Caller caller, String peer, Q request, BiFunction<AuditLog, Q, Uni<A>> rpc) {
    return call(caller, peer, request, () -> rpc.apply(auditLog, request));
  }

  private <A> Uni<A> call(
      Caller caller, String peer, Message request, java.util.concurrent.Callable<Uni<A>> rpc) {
    RequestInvalid invalid = validation.check(request);
    if (invalid != null) {
      return Uni.createFrom().failure(invalid.status().toException());
    }
    try {
      return Context.ROOT
          .withValue(CallOrigin.KEY, new CallOrigin(caller, peer, Trace.current()))
          .call(rpc)
          .onFailure(failure -> !(failure instanceof io.grpc.StatusRuntimeException))
          .transform(FailureStatus::exception);
    } catch (Exception e) {
      return Uni.createFrom().failure(FailureStatus.exception(e));
    }
  }
}
