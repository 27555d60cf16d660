package dev.keybroker.kek;

import dev.keybroker.kms.KeyOperation;
import dev.keybroker.kms.KmsFailure;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Receives KMS's answers for the root keys of keystores. It is called often and must not block or
/// throw.
public interface RootKeyObserver {
  /// Called when KMS answered, or failed to answer, a call for the keystore's root key.
  ///
  /// @param started when the call started
  /// @param failure null if the call succeeded
  void answered(
      KeystoreName keystore, KeyOperation call, Instant started, @Nullable KmsFailure failure);
}
