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

/// One batch under way: a few items at once, each started where the one before ended, until a slice
/// of time is used up. The rest goes on in slices of the same length on a worker, one at a time, so
/// that a batch of a thousand cold keystores holds no event loop.
///
/// What an item answers is kept until all have ended. An [Answer] that nobody took by then, because
/// the caller has gone, is withheld.
final class BatchRun<A> {
  /// Items of one call under way at once, so that one batch does not fill the unwrap lane.
  static final int CONCURRENCY = 32;

  /// How long one thread starts items before it does something else.
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

  /// Turns asked for and not yet taken; whoever asks for the first one takes them all.
  private final AtomicInteger turns = new AtomicInteger();

  // Of whoever takes the turns.
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
    // Only after the last turn, or the worker's would be taken here.
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
      // The broker is shutting down: the call ends where it is.
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

  /// The answers were taken, or nobody waits for them any more.
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
