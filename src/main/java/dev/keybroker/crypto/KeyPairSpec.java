package dev.keybroker.crypto;

/// The key pair of a KEK, by its AWS KMS name.
public enum KeyPairSpec {
  RSA_2048(Encapsulation.RSAES_OAEP_SHA256, 256),
  RSA_3072(Encapsulation.RSAES_OAEP_SHA256, 384),
  RSA_4096(Encapsulation.RSAES_OAEP_SHA256, 512),
  ECC_NIST_P256(Encapsulation.HPKE, 65),
  ECC_NIST_P384(Encapsulation.HPKE, 97);

  private final Encapsulation encapsulation;
  private final int encapsulatedSize;

  KeyPairSpec(Encapsulation encapsulation, int encapsulatedSize) {
    this.encapsulation = encapsulation;
    this.encapsulatedSize = encapsulatedSize;
  }

  /// The one encapsulation that belongs to this spec.
  public Encapsulation encapsulation() {
    return encapsulation;
  }

  /// Size in bytes of the encapsulated secret: the RSA modulus, or an uncompressed point.
  public int encapsulatedSize() {
    return encapsulatedSize;
  }

  /// Size in bits of an RSA modulus.
  int modulusBits() {
    return switch (this) {
      case RSA_2048, RSA_3072, RSA_4096 -> encapsulatedSize * 8;
      case ECC_NIST_P256, ECC_NIST_P384 -> throw new IllegalStateException("not an RSA spec");
    };
  }

  /// The curve of an EC spec.
  EcCurve curve() {
    return switch (this) {
      case ECC_NIST_P256 -> EcCurve.P256;
      case ECC_NIST_P384 -> EcCurve.P384;
      case RSA_2048, RSA_3072, RSA_4096 -> throw new IllegalStateException("not an EC spec");
    };
  }
}
