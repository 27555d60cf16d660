package dev.keybroker.kek;

import dev.keybroker.kms.KeyOperation;
import dev.keybroker.kms.KmsFailure;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Receives KMS's answers for the root keys of keystores. Called often and must not block or throw.
public interface RootKeyObserver {
  /// KMS answered, or failed to answer, a call for the keystore's root key.
  ///
  /// @param begun when the call began
  /// @param failure null where it succeeded
  void answered(
      KeystoreName keystore, KeyOperation call, Instant begun, @Nullable KmsFailure failure);
}
