package dev.keybroker.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.spec.AlgorithmParameterSpec;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.NamedParameterSpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.spec.GCMParameterSpec;

/// Seals a DEK to a recipient's key: RFC 9180 HPKE in base mode, with DHKEM(P-256, HKDF-SHA256) or
/// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. Thread-safe.
///
/// The curves are those of the JDK, whose generators take their randomness from the caller and
/// which has X25519 on every platform.
final class DekSealing {
  /// The JDK's provider of both curves.
  static final String CURVES = "SunEC";

  private static final byte[] INFO = "keybroker/v1 sealed".getBytes(US_ASCII);
  private static final int KEY_SIZE = 32;
  private static final int TAG_BITS = 128;

  private final CryptoProvider provider;
  private final SecureRandom random;
  private final HpkeSuite p256;
  private final HpkeSuite x25519;

  DekSealing(CryptoProvider provider, SecureRandom random) {
    this.provider = provider;
    this.random = random;
    ThreadPrimitives primitives = provider.primitives();
    this.p256 = HpkeSuite.of(EcCurve.P256, HpkeSuite.AES_256_GCM, INFO, primitives);
    this.x25519 = HpkeSuite.x25519(HpkeSuite.AES_256_GCM, INFO, primitives);
  }

  /// Returns the encapsulated key followed by the ciphertext and its tag.
  byte[] seal(RecipientKey recipient, SecretBytes dek, byte[] aad) {
    byte[] plaintext = dek.toByteArray();
    try (HedgedRandom hedged = HedgedRandom.of(random, recipient, plaintext, aad)) {
      KeyPair ephemeral = ephemeral(recipient, hedged);
      try {
        HpkeSuite suite = recipient.isX25519() ? x25519 : p256;
        return seal(suite, KEY_SIZE, recipient, ephemeral, plaintext, aad);
      } finally {
        KeyCodec.destroy(ephemeral.getPrivate());
      }
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    } finally {
      Arrays.fill(plaintext, (byte) 0);
    }
  }

  private static KeyPair ephemeral(RecipientKey recipient, SecureRandom random)
      throws GeneralSecurityException {
    boolean x25519 = recipient.isX25519();
    AlgorithmParameterSpec curve =
        x25519 ? NamedParameterSpec.X25519 : new ECGenParameterSpec(EcCurve.P256.jcaName());
    KeyPairGenerator generator = KeyPairGenerator.getInstance(x25519 ? "X25519" : "EC", CURVES);
    generator.initialize(curve, random);
    return generator.generateKeyPair();
  }

  /// Seals with a given ephemeral key, for an AES-GCM of the given key size: deterministic, for
  /// test vectors.
  byte[] seal(
      HpkeSuite suite,
      int keySize,
      RecipientKey recipient,
      KeyPair ephemeral,
      byte[] plaintext,
      byte[] aad)
      throws GeneralSecurityException {
    byte[] encapsulated = recipient.serialise(ephemeral.getPublic());
    byte[] shared = sharedSecret(suite, recipient, ephemeral, encapsulated);
    byte[] keyAndNonce = suite.keyAndNonce(shared, keySize, provider.primitives());
    WipedKey key = new WipedKey("AES", keyAndNonce, keySize);
    try {
      // A fresh object: a kept one would hold on to the key.
      Cipher cipher = provider.cipher("AES/GCM/NoPadding");
      cipher.init(
          Cipher.ENCRYPT_MODE,
          key,
          new GCMParameterSpec(TAG_BITS, keyAndNonce, keySize, HpkeSuite.NONCE_SIZE));
      cipher.updateAAD(aad);
      byte[] sealed =
          Arrays.copyOf(encapsulated, encapsulated.length + plaintext.length + TAG_BITS / 8);
      cipher.doFinal(plaintext, 0, plaintext.length, sealed, encapsulated.length);
      return sealed;
    } finally {
      key.destroy();
    }
  }

  byte[] sharedSecret(
      HpkeSuite suite, RecipientKey recipient, KeyPair ephemeral, byte[] encapsulated)
      throws GeneralSecurityException {
    KeyAgreement agreement =
        KeyAgreement.getInstance(recipient.isX25519() ? "X25519" : "ECDH", CURVES);
    agreement.init(ephemeral.getPrivate());
    agreement.doPhase(recipient.toPublicKey(), true);
    return suite.sharedSecret(
        agreement.generateSecret(), encapsulated, recipient.encoded(), provider.primitives());
  }
}
