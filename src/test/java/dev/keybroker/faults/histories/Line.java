package dev.keybroker.faults.histories;

import dev.keybroker.faults.histories.Tally.Count;
import dev.keybroker.grpc.BrokerClient;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.util.Set;
import java.util.function.Function;

/// A client's line to the brokers: makes its calls one after the other, writes down what becomes of
/// them, and judges the refusals.
final class Line {
  private static final Set<String> UNRECORDED =
      Set.of("WrapDek", "GetPublicKek", "BatchWrapDeks", "BatchUnwrapDeks", "BatchRewrapDeks");

  private final String client;
  private final Brokers brokers;
  private final Told told;
  private final Trace trace;
  private final Judge judge;
  private final Tally tally;
  private int lastBroker;

  Line(String client, Brokers brokers, Told told, Trace trace, Judge judge, Tally tally) {
    this.client = client;
    this.brokers = brokers;
    this.told = told;
    this.trace = trace;
    this.judge = judge;
    this.tally = tally;
  }

  /// Makes a call. Where the broker is known to be away, of the other one.
  <T> Answer<T> call(Ask ask, int preferred, Function<BrokerClient, T> rpc) {
    int broker = brokers.serving(preferred);
    lastBroker = broker;
    long started = System.nanoTime();
    Answer<T> answer;
    try {
      T value = rpc.apply(brokers.client(broker));
      answer = new Answer<>(value, null, started, System.nanoTime());
    } catch (StatusRuntimeException e) {
      Refusal refusal = Refusal.of(StatusProto.fromThrowable(e));
      answer = new Answer<>(null, refusal, started, System.nanoTime());
    }
    tally.add(Count.CALLS);
    note(ask, answer);
    if (!UNRECORDED.contains(ask.rpc())) {
      told.audited(ask.rpc(), answer);
    }
    return answer;
  }

  /// What became of a call, or of an item of the last call, a batch.
  void note(Ask ask, Answer<?> answer) {
    Refusal refusal = answer.refusal();
    String outcome =
        refusal == null ? Brief.of(answer.get()) : refusal.name() + refusal.metadata().values();
    trace.add(answer.started(), answer.ended(), client + " > " + lastBroker, ask + " = " + outcome);
    if (refusal == null) {
      return;
    }
    tally.refused(refusal);
    if (!refusal.isOfTheBroker()) {
      tally.add(Count.LOST);
    }
    // A batch as a whole is judged as its items are.
    if (!judge.isExplained(ask, lastBroker, refusal, answer.started(), answer.ended())) {
      told.wrong("unexplained: " + ask + " refused with " + refusal.name());
    }
  }

  /// Writes down what was no call.
  void note(String what, long started) {
    trace.add(started, System.nanoTime(), client, what);
  }
}
