package dev.keybroker.kms;

import org.jspecify.annotations.Nullable;

/// Is told how KMS answers for its keys. Called often and must not block or throw.
public interface KeyUseObserver {
  /// A call for this use of a key has ended.
  ///
  /// @param begun ticker time at which it began
  /// @param failure null where it succeeded
  void ended(KeyUse use, long begun, @Nullable KmsFailure failure);
}
