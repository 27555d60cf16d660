package dev.keybroker.concurrent;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Passes a result from the thread that makes it to its subscriber. The subscriber owns a result
/// that it takes. A result that arrives after a cancellation is closed here if it is
/// [AutoCloseable], so that an unclaimed secret is wiped. Thread-safe.
public final class HandOff<T> {
  private final UniEmitter<? super T> emitter;
  private final AtomicBoolean taken;
  private volatile boolean ended;

  private HandOff(UniEmitter<? super T> emitter, AtomicBoolean taken) {
    this.emitter = emitter;
    this.taken = taken;
    onEnd(() -> {});
  }

  /// Returns a Uni that starts the work at each subscription, on the subscriber's thread. The work
  /// completes or fails the hand-off once, on any thread.
  public static <T> Uni<T> of(Consumer<HandOff<T>> work) {
    return Uni.createFrom()
        .deferred(
            () -> {
              AtomicBoolean taken = new AtomicBoolean();
              return Uni.createFrom()
                  .<T>emitter(emitter -> work.accept(new HandOff<>(emitter, taken)))
                  .invoke(() -> taken.set(true));
            });
  }

  /// Whether the subscriber no longer waits, because it cancelled or the result was delivered.
  public boolean hasEnded() {
    return ended;
  }

  /// Runs the action when the subscriber stops waiting, or now if it already has. Replaces a
  /// previous action.
  public void onEnd(Runnable action) {
    emitter.onTermination(
        () -> {
          ended = true;
          action.run();
        });
  }

  /// Delivers the result, or closes it if the subscriber has cancelled.
  public void complete(T result) {
    emitter.complete(result);
    if (!taken.get()) {
      close(result);
    }
  }

  public void fail(Throwable failure) {
    emitter.fail(failure);
  }

  private static void close(@Nullable Object result) {
    if (result instanceof AutoCloseable closeable) {
      try {
        closeable.close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
