package dev.keybroker.access.jwt;

import dev.keybroker.access.AuthenticationFailure;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// The single thread that verifies the signatures of tokens. Work that does not fit into its queue
/// fails with [AuthenticationFailure.TooManyTokens]. Thread-safe.
final class TokenLane implements AutoCloseable {
  /// A tenth of a second of RSA-4096 verifications on a slow core.
  static final int QUEUE = 256;

  private final ThreadPoolExecutor thread =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(QUEUE),
          Thread.ofPlatform().daemon().name("token-proofs").factory());
  private final Counter shed;

  TokenLane(MeterRegistry meters) {
    this.shed = meters.counter(Metrics.TOKENS_SHED);
  }

  /// Queues the work and runs it unless its subscriber has cancelled by then. The Uni completes on
  /// the lane's thread.
  <T> Uni<T> run(Callable<T> work) {
    return Uni.createFrom()
        .emitter(
            emitter -> {
              try {
                var future =
                    thread.submit(
                        () -> {
                          try {
                            emitter.complete(work.call());
                          } catch (Exception e) {
                            emitter.fail(e);
                          }
                        });
                emitter.onTermination(() -> future.cancel(false));
              } catch (RejectedExecutionException e) {
                shed.increment();
                emitter.fail(new AuthenticationFailure.TooManyTokens());
              }
            });
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
