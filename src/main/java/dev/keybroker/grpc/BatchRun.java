package dev.keybroker.grpc;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.audit.AuditTrail;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.IntFunction;

/// A running batch. It works on a few items at once and starts the next item when one ends, until a
/// time slice is used up. The rest continues in slices of the same length on a worker, one at a
/// time, so that a batch of a thousand cold keystores does not block an event loop.
///
/// Answers are kept until all items have ended. An [Answer] that is not taken then, because the
/// caller is gone, is withheld.
final class BatchRun<A> {
  /// The maximum number of items of a call in progress, so that one batch does not fill the unwrap
  /// lane.
  static final int CONCURRENCY = 32;

  /// How long a thread starts items before it does other work.
  static final Duration SLICE = Duration.ofMillis(1);

  /// How an item ended.
  sealed interface Ended<A> {}

  record Answered<A>(A answer) implements Ended<A> {}

  record Failed<A>(Throwable failure) implements Ended<A> {}

  private final int size;
  private final IntFunction<Uni<A>> items;
  private final Ticker ticker;
  private final Executor workers;
  private final UniEmitter<? super List<Ended<A>>> emitter;

  private final AtomicReferenceArray<Ended<A>> ended;
  private final AtomicReferenceArray<Cancellable> calls;
  private final AtomicInteger underWay = new AtomicInteger();
  private final AtomicInteger left;

  /// Turns requested and not yet taken. The thread that requests the first one takes all of them.
  private final AtomicInteger turns = new AtomicInteger();

  // Used only by the thread that takes the turns.
  private int next;

  private volatile boolean pausing;
  private volatile boolean stopped;

  BatchRun(
      int size,
      IntFunction<Uni<A>> items,
      Ticker ticker,
      Executor workers,
      UniEmitter<? super List<Ended<A>>> emitter) {
    this.size = size;
    this.items = items;
    this.ticker = ticker;
    this.workers = workers;
    this.emitter = emitter;
    this.ended = new AtomicReferenceArray<>(size);
    this.calls = new AtomicReferenceArray<>(size);
    this.left = new AtomicInteger(size);
  }

  void begin() {
    emitter.onTermination(this::stop);
    if (size == 0) {
      emitter.complete(List.of());
    } else {
      proceed();
    }
  }

  private void proceed() {
    if (turns.getAndIncrement() != 0) {
      return;
    }
    long sliceEnd = ticker.read() + SLICE.toNanos();
    boolean pausedHere = false;
    int taken = 1;
    do {
      pausedHere |= startUntil(sliceEnd);
      taken = turns.addAndGet(-taken);
    } while (taken != 0);
    // Only after the last turn; otherwise this thread would take the worker's turns.
    if (pausedHere) {
      goOnElsewhere();
    }
  }

  /// True if the slice is used up before the items are.
  private boolean startUntil(long sliceEnd) {
    while (next < size && underWay.get() < CONCURRENCY && !stopped && !pausing) {
      if (ticker.read() - sliceEnd >= 0) {
        pausing = true;
        return true;
      }
      start(next++);
    }
    return false;
  }

  private void goOnElsewhere() {
    try {
      workers.execute(this::goOn);
    } catch (RejectedExecutionException e) {
      // The broker is shutting down, so the call ends here.
      emitter.fail(e);
    }
  }

  private void goOn() {
    pausing = false;
    proceed();
  }

  private void start(int index) {
    underWay.incrementAndGet();
    Cancellable call =
        items
            .apply(index)
            .subscribe()
            .with(
                answer -> ended(index, new Answered<>(answer)),
                failure -> ended(index, new Failed<>(failure)));
    if (ended.get(index) == null) {
      calls.set(index, call);
      if (stopped) {
        call.cancel();
      }
    }
  }

  private void ended(int index, Ended<A> how) {
    ended.set(index, how);
    underWay.decrementAndGet();
    if (stopped) {
      withhold(how);
    }
    if (left.decrementAndGet() == 0) {
      complete();
    } else {
      proceed();
    }
  }

  private void complete() {
    List<Ended<A>> all = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      all.add(ended.get(i));
    }
    emitter.complete(all);
  }

  /// The answers were taken, or the caller is gone.
  private void stop() {
    stopped = true;
    for (int i = 0; i < size; i++) {
      Ended<A> how = ended.get(i);
      Cancellable call = calls.get(i);
      if (how != null) {
        withhold(how);
      } else if (call != null) {
        call.cancel();
      }
    }
  }

  private static void withhold(Ended<?> how) {
    if (how instanceof Answered<?>(Answer<?> answer)) {
      answer.withhold(AuditTrail.CANCELLED);
    }
  }
}
