package dev.keybroker.grpc;

import dev.keybroker.access.AccessFailure;
import dev.keybroker.access.Admission;
import dev.keybroker.access.CallsInFlight;
import dev.keybroker.access.Target;
import dev.keybroker.audit.CallFacts;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What every call goes through, and every item of a batch: the one gate between the contract and
/// the use cases. A call that is not admitted ends here, before anything is read; it is on record
/// as any other.
@ApplicationScoped
class Calls {
  private final Admission admission;
  private final CallRecords records;
  private final CallsInFlight inFlight;

  Calls(Admission admission, CallRecords records, CallsInFlight inFlight) {
    this.admission = admission;
    this.records = records;
    this.inFlight = inFlight;
  }

  /// Runs a call; its failures come out as [FailureStatus] understands them. An item of a batch
  /// runs so too, with the origin of its call.
  ///
  /// @param work tells what is to be on record while it runs. Its answer is released when the call
  ///     is on record, and closed where it is not to be and can be
  <T> Uni<T> run(CallOrigin origin, Rpc rpc, Target target, Function<CallFacts, Uni<T>> work) {
    return answerLater(origin, rpc, target, work).map(Answer::release);
  }

  /// As [#run(CallOrigin, Rpc, Target, Function)], for an answer that is released later.
  <T> Uni<Answer<T>> answerLater(
      CallOrigin origin, Rpc rpc, Target target, Function<CallFacts, Uni<T>> work) {
    return admitted(origin, rpc, target, null, null, work);
  }

  /// Runs a call about two resources, whose answer is released later; the permission is asked on
  /// both.
  <T> Uni<Answer<T>> answerLater(
      CallOrigin origin, Rpc rpc, Target target, Target second, Function<CallFacts, Uni<T>> work) {
    return admitted(origin, rpc, target, second, null, work);
  }

  /// A call counts as under way until its answer is on record.
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
              CallsInFlight.Calls underWay = inFlight.begin(origin.caller());
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

  /// Runs the call that is current on this thread to its end, whoever waits for it: no change is
  /// left halfway. Its failures come out as gRPC statuses.
  <T> Uni<T> answer(Rpc rpc, Target target, Function<CallFacts, Uni<T>> work) {
    return asStatus(run(CallOrigin.current(), rpc, target, work));
  }

  /// As [#answer(Rpc, Target, Function)], about a KEK.
  <T> Uni<T> answer(Rpc rpc, Target target, UUID kek, Function<CallFacts, Uni<T>> work) {
    return asStatus(
        admitted(CallOrigin.current(), rpc, target, null, kek, work).map(Answer::release));
  }

  /// The call that is current on this thread, for as long as somebody waits for it; its failures
  /// come out as gRPC statuses.
  static <T> Uni<T> whileAwaited(Uni<T> call) {
    return AwaitedCall.of(asStatus(call));
  }

  private static <T> Uni<T> asStatus(Uni<T> call) {
    return call.onFailure().transform(FailureStatus::exception);
  }
}
