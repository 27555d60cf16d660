package dev.keybroker.grpc;

import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.dek.WrappedResult;
import org.jspecify.annotations.Nullable;

/// A wrapped DEK before it is answered. Whoever holds it closes it.
///
/// @param plaintext the DEK, where the broker generated it and it is to be answered
record Wrapped(WrappedResult result, @Nullable SecretBytes plaintext) implements AutoCloseable {
  @Override
  public void close() {
    if (plaintext != null) {
      plaintext.close();
    }
  }
}
