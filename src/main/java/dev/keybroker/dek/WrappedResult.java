package dev.keybroker.dek;

import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.LastKnownKek;
import org.jspecify.annotations.Nullable;

/// A wrapped DEK. The holder closes it.
///
/// @param wrappedDek the self-describing bytes, format version 1
/// @param kek the KEK used
/// @param dek the DEK itself, 16 to 64 bytes, if the broker generated it for a caller that asked
///     for it; null otherwise
/// @param lastKnown the age and root key state, if the last known KEK was used; null otherwise
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record WrappedResult(
    byte[] wrappedDek, KekName kek, @Nullable SecretBytes dek, @Nullable LastKnownKek lastKnown)
    implements AutoCloseable {
  WrappedResult with(SecretBytes generated) {
    return new WrappedResult(wrappedDek, kek, generated, lastKnown);
  }

  @Override
  public void close() {
    if (dek != null) {
      dek.close();
    }
  }
}
