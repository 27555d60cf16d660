package dev.keybroker.kek;

import dev.keybroker.concurrent.Soon;

/// Decrypted private KEKs in this process's memory. Each expires a fixed time after its KMS
/// Decrypt.
public interface PrivateKeks {
  /// Returns the private key of a KEK: now from memory if it is within its bound, otherwise by a
  /// `kms:Decrypt` that concurrent callers share. Fails with `dev.keybroker.kms.KmsFailure`. The
  /// caller closes the result.
  Soon<PrivateKek> privateKek(Kek kek);

  /// Reports that something that depends on a KEK's private key, such as a decapsulated secret, was
  /// used without the key. If the key is in memory and near its bound, it is refreshed as if it had
  /// been used itself.
  void used(Kek kek);

  /// Whether memory holds the private key of a KEK within its bound. If so, KMS admitted a Decrypt
  /// less than a lifetime ago, so results of an earlier Decrypt may be released too.
  boolean isHeld(Kek kek);
}
