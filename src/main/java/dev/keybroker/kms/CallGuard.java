package dev.keybroker.kms;

import io.smallrye.mutiny.Uni;
import java.util.function.Supplier;

/// Decides whether a call is made now. Thread-safe.
public interface CallGuard {
  /// Makes every call.
  CallGuard NONE =
      new CallGuard() {
        @Override
        public <T> Uni<T> run(KeyOperation call, Supplier<Uni<T>> work) {
          return Uni.createFrom().deferred(work::get);
        }
      };

  /// Makes the call, or fails with [KmsFailure] at once. Lazy.
  <T> Uni<T> run(KeyOperation call, Supplier<Uni<T>> work);
}
