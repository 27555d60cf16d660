package dev.keybroker.crypto;

/// A new key pair in the encodings that KMS also uses. Compared by identity of its parts. Closing
/// it wipes the private key.
///
/// @param subjectPublicKeyInfo the public key, SubjectPublicKeyInfo DER (RFC 5280)
/// @param pkcs8 the private key, PKCS#8 DER (RFC 5958)
@SuppressWarnings("ArrayRecordComponent") // Compared by identity, as said.
public record PlaintextKeyPair(byte[] subjectPublicKeyInfo, SecretBytes pkcs8)
    implements AutoCloseable {

  @Override
  public void close() {
    pkcs8.close();
  }
}
