package dev.keybroker.crypto;

/// The 32-byte secret `z` with the bytes under which a KEK's private half finds it again.
///
/// Compared by identity of its parts. Closing it wipes `z`.
///
/// @param encapsulated as it stands in the wrapped DEK; not secret, not to be modified
/// @param z the secret from which the keys of the DEKs derive
@SuppressWarnings("ArrayRecordComponent") // Compared by identity, as said.
public record EncapsulatedSecret(byte[] encapsulated, SecretBytes z) implements AutoCloseable {

  @Override
  public void close() {
    z.close();
  }
}
