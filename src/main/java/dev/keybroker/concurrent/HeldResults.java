package dev.keybroker.concurrent;

import io.smallrye.mutiny.infrastructure.Infrastructure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/// Results that wait to be delivered together to their callers' threads, because waking a thread
/// for each result can cost more than the operation itself. Thread-safe.
public final class HeldResults {
  private final Queue<Result> held = new ConcurrentLinkedQueue<>();

  private record Result(Executor caller, Runnable delivery) {}

  /// Keeps a result until [#deliver()].
  public void hold(Executor caller, Runnable delivery) {
    held.add(new Result(caller, delivery));
  }

  /// The number of results that wait.
  public int size() {
    return held.size();
  }

  /// Gives each caller's thread what is held for it, all in one.
  public void deliver() {
    Map<Executor, List<Runnable>> byCaller = new LinkedHashMap<>();
    for (Result result = held.poll(); result != null; result = held.poll()) {
      byCaller.computeIfAbsent(result.caller, caller -> new ArrayList<>()).add(result.delivery);
    }
    byCaller.forEach(HeldResults::deliver);
  }

  private static void deliver(Executor caller, List<Runnable> deliveries) {
    try {
      caller.execute(() -> deliver(deliveries));
    } catch (RejectedExecutionException ended) {
      // Its thread has ended with its callers; what is secret in a result is wiped all the same.
      deliver(deliveries);
    }
  }

  private static void deliver(List<Runnable> deliveries) {
    for (Runnable delivery : deliveries) {
      try {
        delivery.run();
      } catch (RuntimeException e) {
        Infrastructure.handleDroppedException(e);
      }
    }
  }
}
