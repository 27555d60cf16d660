package dev.keybroker.dek;

import dev.keybroker.concurrent.HandOff;
import dev.keybroker.concurrent.HeldResults;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// The threads for private-key operations: a bounded pool with a short queue. It keeps the event
/// loop and wraps from waiting behind private-key operations, even on a single processor. An
/// operation that would wait too long is refused at once.
public final class UnwrapLane implements AutoCloseable {
  /// How long results are collected at least while more operations are queued. Each hand-back wakes
  /// the event loop, whose code and data the operations have displaced from the processor's caches.
  private static final long SHORTEST_HOLD_NANOS = TimeUnit.MICROSECONDS.toNanos(500);

  private static final long LONGEST_HOLD_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

  private final ThreadPoolExecutor threads;
  private final Supplier<Executor> callers;
  private final Runnable onRefusal;
  private final HeldResults results = new HeldResults();
  private final long longestWaitNanos;
  private final WaitEstimate wait;
  private final Counter shed;

  /// @param callers identifies the calling thread; equal for all calls from the same thread
  /// @param onRefusal runs on the calling thread of an operation that is refused
  public UnwrapLane(
      UnwrapLaneConfig config,
      Supplier<Executor> callers,
      Runnable onRefusal,
      MeterRegistry registry) {
    int size = config.threads() > 0 ? config.threads() : Runtime.getRuntime().availableProcessors();
    this.threads =
        new ThreadPoolExecutor(
            size,
            size,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(config.queue()),
            nice(config.nice()));
    this.callers = callers;
    this.onRefusal = onRefusal;
    this.longestWaitNanos = config.longestWait().toNanos();
    this.wait = new WaitEstimate(size);
    this.shed = registry.counter(Metrics.UNWRAP_LANE_SHED);
    registry.gauge(Metrics.UNWRAP_LANE_THREADS, threads, ThreadPoolExecutor::getMaximumPoolSize);
    registry.gauge(Metrics.UNWRAP_LANE_QUEUE, threads.getQueue(), queue -> queue.size());
  }

  private static ThreadFactory nice(int nice) {
    ThreadFactory threads = Thread.ofPlatform().name("unwrap-lane-", 0).daemon().factory();
    return worker ->
        threads.newThread(
            () -> {
              Niceness.take(nice);
              worker.run();
            });
  }

  /// Does nothing if an operation would be run now. Call it before preparing an operation.
  ///
  /// @throws DekFailure.Overloaded if the operation would wait too long or the queue is full
  public void admit() {
    if (isOverloaded()) {
      throw refusal();
    }
  }

  private boolean isOverloaded() {
    BlockingQueue<Runnable> queue = threads.getQueue();
    return wait.nanos(queue.size()) > longestWaitNanos || queue.remainingCapacity() == 0;
  }

  private DekFailure refusal() {
    shed.increment();
    onRefusal.run();
    return new DekFailure.Overloaded();
  }

  /// Runs an operation on the lane. The Uni completes on the thread that subscribed, if that thread
  /// accepts work. It fails with [DekFailure.Overloaded] if the operation would wait too long or
  /// the queue is full. An operation whose subscriber has cancelled does not run, and its result is
  /// closed if it is closeable.
  public <T> Uni<T> run(Supplier<T> operation) {
    return HandOff.of(
        answer -> {
          if (isOverloaded()) {
            answer.fail(refusal());
            return;
          }
          Executor caller = callers.get();
          try {
            threads.execute(
                () -> {
                  if (!answer.hasEnded()) {
                    results.hold(caller, completion(operation, answer));
                  }
                  deliverWhereDue();
                });
          } catch (RejectedExecutionException e) {
            answer.fail(refusal());
          }
        });
  }

  /// Runs the operation now. The returned task delivers its result.
  private <T> Runnable completion(Supplier<T> operation, HandOff<T> answer) {
    long started = System.nanoTime();
    try {
      T result = operation.get();
      return () -> answer.complete(result);
    } catch (Throwable failure) {
      return () -> answer.fail(failure);
    } finally {
      wait.took(System.nanoTime() - started);
    }
  }

  /// If an operation is queued, the thread that runs it later delivers these results too.
  private void deliverWhereDue() {
    int queued = threads.getQueue().size();
    if (queued == 0 || wait.nanos(results.size()) > longestHold(wait.nanos(queued))) {
      results.deliver();
    }
  }

  /// How long results may be collected, by the time that operations wait for a thread: where they
  /// wait long, a quarter of it adds little.
  static long longestHold(long waitNanos) {
    return Math.clamp(waitNanos / 4, SHORTEST_HOLD_NANOS, LONGEST_HOLD_NANOS);
  }

  @Override
  public void close() {
    threads.shutdownNow();
    results.deliver();
  }
}
