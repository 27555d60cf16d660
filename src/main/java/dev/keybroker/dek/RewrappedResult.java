package dev.keybroker.dek;

import dev.keybroker.kek.KekName;
import java.util.function.BooleanSupplier;

/// A DEK moved to another KEK. It holds no plaintext, and ends with the same bound as an unwrap:
/// the other KEK may be under another root key, where the move would outlast a withdrawal of
/// access.
///
/// @param bound whether the bound of the private KEK that opened it is reached
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record RewrappedResult(
    byte[] wrappedDek, KekName sourceKek, KekName kek, BooleanSupplier bound)
    implements Releasable {
  @Override
  public boolean isOver() {
    return bound.getAsBoolean();
  }

  @Override
  public void close() {
    // The DEK is wrapped.
  }
}
