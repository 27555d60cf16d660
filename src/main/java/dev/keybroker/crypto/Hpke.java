package dev.keybroker.crypto;

import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import javax.crypto.KeyAgreement;
import javax.security.auth.Destroyable;

/// RFC 9180 HPKE in base mode with one suite: a secret for the holder of an EC key, exported and
/// not used to encrypt.
///
/// Thread-safe.
final class Hpke {

  private final CryptoProvider provider;
  private final EcCurve curve;
  private final HpkeSuite suite;
  private final byte[] exporterContext;

  Hpke(CryptoProvider provider, EcCurve curve, HpkeSuite suite, byte[] exporterContext) {
    this.provider = provider;
    this.curve = curve;
    this.suite = suite;
    this.exporterContext = exporterContext;
  }

  /// Encapsulates with a fresh ephemeral key.
  EncapsulatedSecret encapsulate(WrappingKey recipient) {
    KeyPair ephemeral = provider.primitives().ecGenerator(curve).generateKeyPair();
    try {
      return encapsulate(recipient, ephemeral);
    } finally {
      KeyCodec.destroy(ephemeral.getPrivate());
    }
  }

  /// Encapsulates with a given ephemeral key: deterministic, for test vectors.
  EncapsulatedSecret encapsulate(WrappingKey recipient, KeyPair ephemeral) {
    byte[] encapsulated = curve.toPoint(ephemeral.getPublic().getEncoded());
    byte[] dh;
    try {
      dh = diffieHellman(ephemeral.getPrivate(), recipient.key());
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    }
    return new EncapsulatedSecret(encapsulated, exported(dh, encapsulated, recipient.point()));
  }

  /// Recovers the secret of an encapsulation; refuses bytes that are not a point of the curve.
  SecretBytes decapsulate(PrivateKey key, byte[] recipientPoint, byte[] encapsulated)
      throws NotAuthenticException {
    if (!curve.isPoint(encapsulated)) {
      throw new NotAuthenticException();
    }
    byte[] dh;
    try {
      PublicKey ephemeral = provider.primitives().ecPublicKey(curve, encapsulated);
      try {
        dh = diffieHellman(key, ephemeral);
      } finally {
        // Not secret, but a key outside the heap costs less if it does not wait for the garbage
        // collector.
        if (ephemeral instanceof Destroyable destroyable) {
          KeyCodec.destroy(destroyable);
        }
      }
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    }
    return exported(dh, encapsulated, recipientPoint);
  }

  byte[] diffieHellman(PrivateKey mine, PublicKey theirs) throws GeneralSecurityException {
    // A fresh object for each call: a kept one would hold on to the private key.
    KeyAgreement agreement = provider.keyAgreement();
    agreement.init(mine);
    agreement.doPhase(theirs, true);
    return agreement.generateSecret();
  }

  private SecretBytes exported(byte[] dh, byte[] encapsulated, byte[] recipientPoint) {
    ThreadPrimitives primitives = provider.primitives();
    byte[] sharedSecret = suite.sharedSecret(dh, encapsulated, recipientPoint, primitives);
    byte[] exporterSecret = suite.exporterSecret(sharedSecret, primitives);
    return SecretBytes.adopt(
        suite.export(exporterSecret, exporterContext, DekCipher.Z_SIZE, primitives));
  }
}
