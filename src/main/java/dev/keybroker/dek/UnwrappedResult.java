package dev.keybroker.dek;

import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.kek.KekName;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/// An unwrapped DEK. The holder closes it.
///
/// @param dek 16 to 64 bytes
/// @param kek the KEK that it was wrapped under
/// @param kmsRequestId the request id of the KMS Decrypt that this unwrap caused; null if it caused
///     none
/// @param bound whether the private KEK that opened it has expired
public record UnwrappedResult(
    SecretBytes dek, KekName kek, @Nullable String kmsRequestId, BooleanSupplier bound)
    implements Unwrapped {
  @Override
  public boolean isOver() {
    return bound.getAsBoolean();
  }

  @Override
  public void close() {
    dek.close();
  }
}
