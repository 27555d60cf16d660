package dev.keybroker.dek;

import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.kek.KekName;
import org.jspecify.annotations.Nullable;

/// An unwrapped DEK. Whoever holds it closes it.
///
/// @param dek 16 to 64 bytes
/// @param kek the KEK that it was wrapped under
/// @param kmsRequestId the request id of the KMS Decrypt that this unwrap caused; null where it
///     caused none
public record UnwrappedResult(SecretBytes dek, KekName kek, @Nullable String kmsRequestId)
    implements AutoCloseable {
  @Override
  public void close() {
    dek.close();
  }
}
