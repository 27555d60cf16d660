package dev.keybroker.kek;

import dev.keybroker.kms.KmsFailure;
import java.time.Instant;

/// Is told how a root key answers the data plane. Called often and must not block or throw.
public interface RootKeyObserver {
  /// KMS refused, or did not answer, the decryption of this KEK's private key.
  void failed(Kek kek, KmsFailure failure);

  /// KMS decrypted this KEK's private key.
  ///
  /// @param begun when it was asked
  void succeeded(Kek kek, Instant begun);
}
