package dev.keybroker.grpc;

import dev.keybroker.access.AccessFailure;
import dev.keybroker.access.Admission;
import dev.keybroker.access.CallsInFlight;
import dev.keybroker.access.Target;
import dev.keybroker.audit.CallFacts;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The only gate between the contract and the use cases: every call, and every item of a batch,
/// passes through it. A call that is not admitted ends here, before anything is read, and is
/// audited like any other.
@Singleton
class Calls {
  private final Admission admission;
  private final CallRecords records;
  private final CallsInFlight inFlight;

  Calls(Admission admission, CallRecords records, CallsInFlight inFlight) {
    this.admission = admission;
    this.records = records;
    this.inFlight = inFlight;
  }

  /// Runs a call, or an item of a batch with the origin of its call. It fails with the failures
  /// that [FailureStatus] maps.
  ///
  /// @param work reports the facts to record while it runs. Its answer is released once the call is
  ///     on record. Otherwise it is closed, if it is closeable
  <T> Uni<T> run(CallOrigin origin, Rpc rpc, Target target, Function<CallFacts, Uni<T>> work) {
    return answerLater(origin, rpc, target, work).map(Answer::release);
  }

  /// Like [#run(CallOrigin, Rpc, Target, Function)], for an answer that is released later.
  <T> Uni<Answer<T>> answerLater(
      CallOrigin origin, Rpc rpc, Target target, Function<CallFacts, Uni<T>> work) {
    return admitted(origin, rpc, target, null, null, work);
  }

  /// Runs a call about two resources, whose answer is released later. The caller needs the
  /// permission on both.
  <T> Uni<Answer<T>> answerLater(
      CallOrigin origin, Rpc rpc, Target target, Target second, Function<CallFacts, Uni<T>> work) {
    return admitted(origin, rpc, target, second, null, work);
  }

  /// A call counts as in flight until its answer is on record.
  private <T> Uni<Answer<T>> admitted(
      CallOrigin origin,
      Rpc rpc,
      Target target,
      @Nullable Target second,
      @Nullable UUID kek,
      Function<CallFacts, Uni<T>> work) {
    return Uni.createFrom()
        .deferred(
            () -> {
              CallsInFlight.CallerCalls underWay = inFlight.begin(origin.caller());
              Uni<Answer<T>> answer =
                  records.answer(
                      origin,
                      rpc,
                      target,
                      facts -> {
                        if (second != null) {
                          facts.destination(second.name());
                        }
                        AccessFailure refusal =
                            underWay == null
                                ? new AccessFailure.InFlightLimited("caller")
                                : admission.refusal(
                                    origin.caller(), rpc.permission(), rpc.asksOn(target), second);
                        if (refusal == null && kek != null) {
                          facts.kek(kek);
                        }
                        return refusal;
                      },
                      work);
              return underWay == null ? answer : answer.onTermination().invoke(underWay::end);
            });
  }

  /// Runs the call that is current on this thread to its end, even if the caller is gone, so that
  /// no change is left half done. It fails with gRPC statuses.
  <T> Uni<T> answer(Rpc rpc, Target target, Function<CallFacts, Uni<T>> work) {
    return asStatus(run(CallOrigin.current(), rpc, target, work));
  }

  /// Like [#answer(Rpc, Target, Function)], about a KEK.
  <T> Uni<T> answer(Rpc rpc, Target target, UUID kek, Function<CallFacts, Uni<T>> work) {
    return asStatus(
        admitted(CallOrigin.current(), rpc, target, null, kek, work).map(Answer::release));
  }

  /// Runs the call that is current on this thread as long as its caller waits. It fails with gRPC
  /// statuses.
  static <T> Uni<T> whileAwaited(Uni<T> call) {
    return AwaitedCall.of(asStatus(call));
  }

  private static <T> Uni<T> asStatus(Uni<T> call) {
    return call.onFailure().transform(FailureStatus::exception);
  }
}
