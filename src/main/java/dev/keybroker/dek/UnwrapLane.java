package dev.keybroker.dek;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/// The threads of private-key operations: a bounded pool with a short queue, so that neither the
/// event loop nor a wrap ever waits behind them, also where all share one processor. What would
/// wait too long is refused at once.
public final class UnwrapLane implements AutoCloseable {
  private final ThreadPoolExecutor threads;
  private final long longestWaitNanos;
  private final WaitEstimate wait;
  private final Counter shed;

  public UnwrapLane(UnwrapLaneConfig config, MeterRegistry registry) {
    require(config.threads() >= 0, "threads must not be negative");
    require(config.queue() >= 1, "queue must be at least 1");
    require(config.longestWait().isPositive(), "longest-wait must be above zero");
    require(config.nice() >= 0 && config.nice() <= 19, "nice must be from 0 to 19");
    int size = config.threads() > 0 ? config.threads() : Runtime.getRuntime().availableProcessors();
    this.threads =
        new ThreadPoolExecutor(
            size,
            size,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(config.queue()),
            nice(config.nice()));
    this.longestWaitNanos = config.longestWait().toNanos();
    this.wait = new WaitEstimate(size);
    this.shed = registry.counter(Metrics.UNWRAP_LANE_SHED);
    registry.gauge(Metrics.UNWRAP_LANE_THREADS, threads, ThreadPoolExecutor::getMaximumPoolSize);
    registry.gauge(Metrics.UNWRAP_LANE_QUEUE, threads.getQueue(), queue -> queue.size());
  }

  private static void require(boolean holds, String rule) {
    if (!holds) {
      throw new IllegalArgumentException("keybroker.unwrap-lane." + rule);
    }
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

  /// Runs an operation on the lane. Fails with [DekFailure.Overloaded] where it would wait too long
  /// or the queue is full; an operation that nobody waits for any more is not run, and its result
  /// closed where it can be.
  public <T> Uni<T> run(Supplier<T> operation) {
    return Uni.createFrom()
        .emitter(
            emitter -> {
              AtomicBoolean gone = new AtomicBoolean();
              emitter.onTermination(() -> gone.set(true));
              if (wait.nanos(threads.getQueue().size()) > longestWaitNanos) {
                refuse(emitter);
                return;
              }
              try {
                threads.execute(
                    () -> {
                      if (gone.get()) {
                        return;
                      }
                      long begun = System.nanoTime();
                      try {
                        T result = operation.get();
                        if (gone.get() && result instanceof AutoCloseable secret) {
                          secret.close();
                        } else {
                          emitter.complete(result);
                        }
                      } catch (Throwable failure) {
                        emitter.fail(failure);
                      } finally {
                        wait.took(System.nanoTime() - begun);
                      }
                    });
              } catch (RejectedExecutionException e) {
                refuse(emitter);
              }
            });
  }

  private void refuse(UniEmitter<?> emitter) {
    shed.increment();
    emitter.fail(new DekFailure.Overloaded());
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
