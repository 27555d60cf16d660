package dev.keybroker.dek;

import dev.keybroker.kek.KekName;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// A DEK sealed to a recipient's key. It holds no plaintext, but expires like the result of an
/// unwrap.
///
/// @param sealedDek the encapsulated key, the ciphertext and its tag
/// @param kek the KEK that it was wrapped under; its name is the additional authenticated data
/// @param kmsRequestId the request id of the KMS Decrypt that this unwrap caused; null if it caused
///     none
/// @param bound whether the private KEK that opened it has expired
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record SealedResult(
    byte[] sealedDek, KekName kek, @Nullable String kmsRequestId, BooleanSupplier bound)
    implements Unwrapped, Rewrapped {
  @Override
  public boolean isOver() {
    return bound.getAsBoolean();
  }

  @Override
  public void close() {
    // There is no plaintext to wipe.
  }
}
