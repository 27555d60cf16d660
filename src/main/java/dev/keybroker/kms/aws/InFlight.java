package dev.keybroker.kms.aws;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// The SDK call of an operation that is under way, if any. Giving up the operation cancels the
/// call.
final class InFlight {
  @GuardedBy("this")
  private boolean cancelled;

  @GuardedBy("this")
  private @Nullable CompletableFuture<?> call;

  /// Makes the call, unless the operation has already been given up.
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
