package dev.keybroker.concurrent;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The way of one result from the thread that makes it to its subscriber. A result that the
/// subscriber takes is the subscriber's; one that comes after a cancellation is closed here if it
/// is [AutoCloseable], so that a secret that nobody takes is wiped. Thread-safe.
public final class HandOff<T> {
  private final UniEmitter<? super T> emitter;
  private final AtomicBoolean taken;
  private volatile boolean ended;

  private HandOff(UniEmitter<? super T> emitter, AtomicBoolean taken) {
    this.emitter = emitter;
    this.taken = taken;
    onEnd(() -> {});
  }

  /// Starts the work at each subscription, on the subscriber's thread. The work completes or fails
  /// the hand-off once, on any thread.
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

  /// Whether nobody waits any more, because of a cancellation or since the result is delivered.
  public boolean hasEnded() {
    return ended;
  }

  /// Runs the action when nobody waits any more, or now if that is so already. Replaces an action
  /// that was given before.
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
