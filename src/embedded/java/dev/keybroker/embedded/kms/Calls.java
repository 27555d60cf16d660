package dev.keybroker.embedded.kms;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Predicate;

/// Counts the calls of KMS, STS and IAM operations by outcome. Thread-safe. A call is counted
/// before its answer is sent: a client that has the answer finds the call counted.
public final class Calls {

  /// The outcome of a call that was answered as asked.
  public static final String OK = "OK";

  private final ConcurrentMap<Call, LongAdder> counts = new ConcurrentHashMap<>();

  Calls() {}

  private record Call(String operation, String resource, String outcome) {}

  void record(String operation, String resource, String outcome) {
    counts
        .computeIfAbsent(new Call(operation, resource, outcome), c -> new LongAdder())
        .increment();
  }

  /// How often `operation` was called, whatever came of it.
  public long of(String operation) {
    return sum(call -> call.operation().equals(operation));
  }

  /// How often `operation` ended in `outcome`: [#OK], an AWS error code, or the name of a
  /// [Fault.Kind] that answers with none.
  public long of(String operation, String outcome) {
    return sum(c -> c.operation().equals(operation) && c.outcome().equals(outcome));
  }

  /// How often `operation` was called on the key or role with the ARN `resource`.
  public long on(String resource, String operation) {
    return sum(c -> c.operation().equals(operation) && c.resource().equals(resource));
  }

  /// How often anything was called.
  public long total() {
    return sum(call -> true);
  }

  /// The counts by operation and outcome.
  public Map<String, Map<String, Long>> all() {
    Map<String, Map<String, Long>> all = new TreeMap<>();
    counts.forEach(
        (call, count) ->
            all.computeIfAbsent(call.operation(), o -> new TreeMap<>())
                .merge(call.outcome(), count.sum(), Long::sum));
    return all;
  }

  /// Starts again from zero.
  public void reset() {
    counts.clear();
  }

  private long sum(Predicate<Call> wanted) {
    return counts.entrySet().stream()
        .filter(e -> wanted.test(e.getKey()))
        .mapToLong(e -> e.getValue().sum())
        .sum();
  }
}
