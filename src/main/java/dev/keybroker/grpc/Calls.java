package dev.keybroker.grpc;

import dev.keybroker.access.AccessFailure;
import dev.keybroker.access.Admission;
import dev.keybroker.access.CallsInFlight;
import dev.keybroker.access.Target;
import dev.keybroker.audit.CallFacts;
import dev.keybroker.concurrent.Soon;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
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

  /// Runs a call, or an item of a batch with the origin of its call. It fails, now or later, with
  /// the failures that [FailureStatus] maps.
  ///
  /// @param work reports the facts to record while it runs. Its answer is released by the receiver
  ///     once the call is on record. Otherwise it is closed, if it is closeable
  <T> Soon<Answer<T>> start(
      CallOrigin origin, Rpc rpc, Target target, Function<CallFacts, Soon<T>> work) {
    return admitted(origin, rpc, target, null, null, work);
  }

  /// Like [#start(CallOrigin, Rpc, Target, Function)], for a call about two resources. The caller
  /// needs the permission on both.
  <T> Soon<Answer<T>> start(
      CallOrigin origin, Rpc rpc, Target target, Target second, Function<CallFacts, Soon<T>> work) {
    return admitted(origin, rpc, target, second, null, work);
  }

  /// A call counts as in flight until its answer is on record.
  private <T> Soon<Answer<T>> admitted(
      CallOrigin origin,
      Rpc rpc,
      Target target,
      @Nullable Target second,
      @Nullable UUID kek,
      Function<CallFacts, Soon<T>> work) {
    CallsInFlight.CallerCalls underWay = inFlight.begin(origin.caller());
    boolean waits = false;
    try {
      Soon<Answer<T>> answer =
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
      if (underWay != null && answer instanceof Soon.Later<Answer<T>>(Uni<Answer<T>> later)) {
        waits = true;
        // Mutiny runs the callback again if a cancellation follows the item.
        AtomicBoolean counted = new AtomicBoolean(true);
        return new Soon.Later<>(
            later
                .onTermination()
                .invoke(
                    () -> {
                      if (counted.getAndSet(false)) {
                        underWay.end();
                      }
                    }));
      }
      return answer;
    } finally {
      if (underWay != null && !waits) {
        underWay.end();
      }
    }
  }

  /// Runs the call that is current on this thread to its end, even if the caller is gone, so that
  /// no change is left half done. It fails with gRPC statuses.
  <T> Uni<T> answer(Rpc rpc, Target target, Function<CallFacts, Uni<T>> work) {
    return answer(rpc, target, null, work);
  }

  /// Like [#answer(Rpc, Target, Function)], about a KEK.
  <T> Uni<T> answer(Rpc rpc, Target target, @Nullable UUID kek, Function<CallFacts, Uni<T>> work) {
    CallOrigin origin = CallOrigin.current();
    return Soon.uni(
            () ->
                admitted(
                    origin, rpc, target, null, kek, facts -> new Soon.Later<>(work.apply(facts))))
        .map(Answer::release)
        .onFailure()
        .transform(FailureStatus::exception);
  }
}
