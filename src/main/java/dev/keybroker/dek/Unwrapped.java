package dev.keybroker.dek;

import org.jspecify.annotations.Nullable;

/// The result of an unwrap: the DEK, or the DEK sealed to a recipient.
public sealed interface Unwrapped extends Releasable permits UnwrappedResult, SealedResult {
  /// The request id of the KMS Decrypt that this unwrap caused; null if it caused none.
  @Nullable String kmsRequestId();
}
