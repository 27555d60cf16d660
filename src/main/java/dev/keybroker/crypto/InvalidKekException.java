package dev.keybroker.crypto;

/// A public or private key that is not a well-formed key of the KEK's spec. The text is fixed and
/// names no key material.
public final class InvalidKekException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private InvalidKekException(String message) {
    super(message);
  }

  static InvalidKekException publicKey() {
    return new InvalidKekException("public key is not a valid key of the KEK's spec");
  }

  static InvalidKekException privateKey() {
    return new InvalidKekException("private key is not a valid key of the KEK's spec");
  }
}
