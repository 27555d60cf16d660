package dev.keybroker.dek;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/// The threads of private-key operations: a bounded pool with a short queue, so that neither the
/// event loop nor a wrap ever waits behind them. What would wait too long is refused at once.
public final class UnwrapLane implements AutoCloseable {
  private final ThreadPoolExecutor threads;
  private final long longestWaitNanos;
  private final WaitEstimate wait;
  private final Counter shed;

  public UnwrapLane(UnwrapLaneConfig config, MeterRegistry registry) {
    int size = config.threads() > 0 ? config.threads() : Runtime.getRuntime().availableProcessors();
    this.threads =
        new ThreadPoolExecutor(
            size,
            size,
            0,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(config.queue()),
            Thread.ofPlatform().name("unwrap-lane-", 0).daemon().factory());
    this.longestWaitNanos = config.longestWait().toNanos();
    this.wait = new WaitEstimate(size);
    this.shed = registry.counter(Metrics.UNWRAP_LANE_SHED);
    registry.gauge(Metrics.UNWRAP_LANE_THREADS, threads, ThreadPoolExecutor::getMaximumPoolSize);
    registry.gauge(Metrics.UNWRAP_LANE_QUEUE, threads.getQueue(), queue -> queue.size());
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
