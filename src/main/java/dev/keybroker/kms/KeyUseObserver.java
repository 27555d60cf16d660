package dev.keybroker.kms;

import org.jspecify.annotations.Nullable;

/// Receives KMS's answers for its keys. Called often and must not block or throw.
public interface KeyUseObserver {
  /// A call of this class for this use of a key has ended.
  ///
  /// @param begun ticker time at which it began
  /// @param failure null where it succeeded
  void ended(KeyUse use, KmsAction operation, long begun, @Nullable KmsFailure failure);
}
