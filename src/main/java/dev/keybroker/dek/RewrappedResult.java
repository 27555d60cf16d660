package dev.keybroker.dek;

import dev.keybroker.kek.KekName;
import java.util.function.BooleanSupplier;

/// A DEK moved to another KEK. It holds no plaintext, but expires like the result of an unwrap: if
/// the other KEK is under another root key, a move released later would outlast a withdrawal of
/// access.
///
/// @param bound whether the private KEK that opened it has expired
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record RewrappedResult(
    byte[] wrappedDek, KekName sourceKek, KekName kek, BooleanSupplier bound) implements Rewrapped {
  @Override
  public boolean isOver() {
    return bound.getAsBoolean();
  }

  @Override
  public void close() {
    // There is no plaintext to wipe.
  }
}
