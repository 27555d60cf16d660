package dev.keybroker.crypto;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.RSAKeyGenParameterSpec;

/// Generates KEKs in the broker, for custom key stores, in which KMS does not generate key pairs.
/// Thread-safe.
public final class KeyPairs {

  private final CryptoProvider provider;
  private final SecureRandom random;

  public KeyPairs(CryptoProvider provider, SecureRandom random) {
    this.provider = provider;
    this.random = random;
  }

  /// Generates a key pair. RSA can take seconds. The caller closes it.
  public PlaintextKeyPair generate(KeyPairSpec spec) {
    KeyPair pair = generateKeys(spec);
    try {
      return new PlaintextKeyPair(
          pair.getPublic().getEncoded(), SecretBytes.adopt(pair.getPrivate().getEncoded()));
    } finally {
      KeyCodec.destroy(pair.getPrivate());
    }
  }

  private KeyPair generateKeys(KeyPairSpec spec) {
    try {
      KeyPairGenerator generator = provider.keyPairGenerator(KeyCodec.algorithm(spec));
      generator.initialize(parameters(spec), random);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    }
  }

  private static AlgorithmParameterSpec parameters(KeyPairSpec spec) {
    return switch (spec.encapsulation()) {
      case RSAES_OAEP_SHA256 ->
          new RSAKeyGenParameterSpec(spec.modulusBits(), RSAKeyGenParameterSpec.F4);
      case HPKE -> new ECGenParameterSpec(spec.curve().jcaName());
    };
  }
}
