package dev.keybroker.keystore;

import io.smallrye.mutiny.Uni;
import jakarta.annotation.PreDestroy;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/// The only thread on which the broker makes key pairs itself. An RSA key takes up to seconds of
/// processor time, so key pairs are made one after the other, and never on a thread that a caller
/// of the data plane waits for. A request that would wait too long is refused.
@Singleton
public final class KeyPairLane implements AutoCloseable {
  /// How many key pairs may wait for the thread.
  static final int QUEUE = 16;

  private static final Duration RETRY_AFTER = Duration.ofSeconds(5);

  private final ThreadPoolExecutor thread =
      new ThreadPoolExecutor(
          1,
          1,
          0,
          TimeUnit.SECONDS,
          new ArrayBlockingQueue<>(QUEUE),
          Thread.ofPlatform().name("key-pairs").daemon().factory());

  /// Makes a key pair on the lane; the Uni completes there. Fails with
  /// [KeystoreFailure.KeyPairsOverloaded] if too many wait.
  <T> Uni<T> run(Supplier<T> work) {
    return Uni.createFrom()
        .item(work)
        .runSubscriptionOn(thread)
        .onFailure(RejectedExecutionException.class)
        .transform(full -> new KeystoreFailure.KeyPairsOverloaded(RETRY_AFTER));
  }

  @Override
  @PreDestroy
  public void close() {
    thread.shutdownNow();
  }
}
