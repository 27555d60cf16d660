package dev.keybroker.client;

/** The kinds of KEKs. */
enum KeyPairSpec {
  RSA_2048,
  RSA_3072,
  RSA_4096,
  ECC_NIST_P256,
  ECC_NIST_P384;

  boolean isRsa() {
    return name().startsWith("RSA_");
  }
}
