package dev.keybroker.kms;

import org.jspecify.annotations.Nullable;

/// Receives the answers of KMS for its keys. It is called often and must not block or throw.
public interface KeyUseObserver {
  /// Called when a call of this class for this use of a key has ended.
  ///
  /// @param started the ticker time at which the call started
  /// @param failure null if the call succeeded
  void ended(KeyUse use, KmsAction operation, long started, @Nullable KmsFailure failure);
}
