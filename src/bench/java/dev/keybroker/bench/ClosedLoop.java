package dev.keybroker.bench;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongFunction;

/// Callers who each make the next call when they have the answer to the last. The first failure, or
/// wrong answer, ends the load and fails it.
final class ClosedLoop<A> {
  private static final int MOST_CALLS = 1 << 20;

  private final LongFunction<ListenableFuture<A>> call;
  private final Check<A> check;
  private final long calls;
  private final long deadline;
  private final AtomicLong next = new AtomicLong();
  private final AtomicInteger answered = new AtomicInteger();
  private final AtomicReference<Throwable> failure = new AtomicReference<>();
  private final CountDownLatch callers;
  private final long[] micros;

  /// Looks at an answer, and throws if it is wrong.
  interface Check<A> {
    void accept(long call, A answer);
  }

  private ClosedLoop(
      int callers,
      int calls,
      long deadline,
      LongFunction<ListenableFuture<A>> call,
      Check<A> check) {
    this.call = call;
    this.check = check;
    this.calls = calls;
    this.deadline = deadline;
    this.callers = new CountDownLatch(callers);
    this.micros = new long[calls];
  }

  /// So many calls.
  static <A> Latencies calls(
      int calls, int callers, LongFunction<ListenableFuture<A>> call, Check<A> check) {
    return new ClosedLoop<>(callers, calls, Long.MAX_VALUE, call, check).run(callers);
  }

  /// Calls for so long.
  static <A> Latencies time(
      double seconds, int callers, LongFunction<ListenableFuture<A>> call, Check<A> check) {
    return new ClosedLoop<>(callers, MOST_CALLS, (long) (seconds * 1e9), call, check).run(callers);
  }

  private Latencies run(int number) {
    long start = System.nanoTime();
    for (int i = 0; i < number; i++) {
      Thread.ofVirtual().start(() -> next(start));
    }
    try {
      callers.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    if (failure.get() != null) {
      throw new IllegalStateException("a call failed", failure.get());
    }
    int count = answered.get();
    return Latencies.of(count / seconds, Arrays.copyOf(micros, count));
  }

  private void next(long start) {
    long number = next.getAndIncrement();
    long started = System.nanoTime();
    if (number >= calls || started - start > deadline || failure.get() != null) {
      callers.countDown();
      return;
    }
    Futures.addCallback(
        call.apply(number),
        new FutureCallback<>() {
          @Override
          public void onSuccess(A answer) {
            try {
              check.accept(number, answer);
              micros[answered.getAndIncrement()] = (System.nanoTime() - started) / 1000;
            } catch (RuntimeException wrong) {
              failure.compareAndSet(null, wrong);
            }
            next(start);
          }

          @Override
          public void onFailure(Throwable failed) {
            failure.compareAndSet(null, failed);
            next(start);
          }
        },
        MoreExecutors.directExecutor());
  }
}
