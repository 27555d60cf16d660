package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;

/// Decrypted private KEKs in this process's memory, each for an absolute time from its KMS Decrypt.
public interface PrivateKeks {
  /// The private key of a KEK, from memory within its bound, otherwise by one `kms:Decrypt` that
  /// concurrent callers share. Fails with `dev.keybroker.kms.KmsFailure`. The caller closes what it
  /// gets.
  Uni<PrivateKek> privateKek(Kek kek);

  /// Tells that what rests on a KEK's private key was used without the key: where the key is in
  /// memory and near its bound, it is refreshed ahead as if it had been used itself.
  void used(Kek kek);

  /// Whether memory holds the private key of a KEK within its bound. KMS has then admitted a
  /// Decrypt less than a lifetime ago, so what rests on an earlier one may be released too.
  boolean isHeld(Kek kek);
}
