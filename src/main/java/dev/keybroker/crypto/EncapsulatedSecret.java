package dev.keybroker.crypto;

/// The 32-byte secret `z` with the bytes from which a KEK's private half recovers it.
///
/// Compared by identity of its parts. Closing it wipes `z`.
///
/// @param encapsulated the bytes in the wrapped DEK; not secret, must not be modified
/// @param z the secret from which the keys of the DEKs derive
@SuppressWarnings("ArrayRecordComponent") // Compared by identity, as said.
public record EncapsulatedSecret(byte[] encapsulated, SecretBytes z) implements AutoCloseable {

  @Override
  public void close() {
    z.close();
  }
}
