package dev.keybroker.kms.aws;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.keybroker.kms.KeyOperation;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsFailure;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// The uses of multi-Region keys that a replica refused when it answered last. Thread-safe.
///
/// If a tenant withdraws access in one region, that holds even while the region does not answer: no
/// other replica is asked in its place.
final class RefusedUses {
  private static final long MAX = 100_000;

  private final Cache<KeyOperation, Boolean> refused;

  RefusedUses(Executor executor) {
    this.refused = Caffeine.newBuilder().maximumSize(MAX).executor(executor).build();
  }

  /// @param failure null if KMS carried out the call
  void answered(KeyOperation call, @Nullable KmsFailure failure) {
    if (failure == null) {
      refused.invalidate(call);
      return;
    }
    switch (failure.kind()) {
      case ACCESS_DENIED, KEY_DISABLED, KEY_PENDING_DELETION, KEY_UNAVAILABLE, KEY_NOT_FOUND ->
          refused.put(call, true);
      default -> {
        // Says nothing about the right to use the key.
      }
    }
  }

  /// Whether the last answer to a call of any class was a refusal: a key that is disabled for one
  /// is disabled for all.
  boolean isRefused(KeyUse use) {
    return KmsAction.classes().stream()
        .anyMatch(operation -> refused.getIfPresent(new KeyOperation(use, operation)) != null);
  }
}
