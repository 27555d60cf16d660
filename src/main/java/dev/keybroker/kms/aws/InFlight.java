package dev.keybroker.kms.aws;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The SDK call that an operation has under way, if any: who gives the operation up cancels it.
final class InFlight {
  @GuardedBy("this")
  private boolean cancelled;

  @GuardedBy("this")
  private @Nullable CompletableFuture<?> call;

  /// Makes the call, or none where the operation is given up already.
  synchronized <T> CompletableFuture<T> begin(Supplier<CompletableFuture<T>> maker) {
    if (cancelled) {
      return CompletableFuture.failedFuture(new CancellationException());
    }
    try {
      CompletableFuture<T> made = maker.get();
      call = made;
      return made;
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  void cancel() {
    CompletableFuture<?> current;
    synchronized (this) {
      cancelled = true;
      current = call;
    }
    if (current != null) {
      current.cancel(true);
    }
  }

  synchronized boolean isCancelled() {
    return cancelled;
  }
}
