package dev.keybroker.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.KeyPair;
import java.security.SecureRandom;

/// Makes and opens encapsulations: the asymmetric part of a wrapped DEK, and nearly all of its
/// cost.
///
/// Thread-safe. Keys must come from a [KeyCodec] of the same [CryptoProvider].
public final class Encapsulator {

  private static final byte[] HPKE_INFO = "keybroker/v1".getBytes(US_ASCII);
  private static final byte[] HPKE_EXPORTER_CONTEXT = "keybroker/v1 dek".getBytes(US_ASCII);

  private final RsaOaep rsaOaep;
  private final Hpke hpkeP256;
  private final Hpke hpkeP384;

  public Encapsulator(CryptoProvider provider, SecureRandom random) {
    this.rsaOaep = new RsaOaep(provider, random);
    this.hpkeP256 = hpke(provider, EcCurve.P256);
    this.hpkeP384 = hpke(provider, EcCurve.P384);
  }

  private static Hpke hpke(CryptoProvider provider, EcCurve curve) {
    HpkeSuite suite = HpkeSuite.of(curve, HpkeSuite.EXPORT_ONLY, HPKE_INFO, provider.primitives());
    return new Hpke(provider, curve, suite, HPKE_EXPORTER_CONTEXT);
  }

  /// Generates a 32-byte secret and encapsulates it under the key. The caller closes it.
  public EncapsulatedSecret encapsulate(WrappingKey key) {
    return switch (key.spec().encapsulation()) {
      case RSAES_OAEP_SHA256 -> rsaOaep.encapsulate(key);
      case HPKE -> hpke(key.spec()).encapsulate(key);
    };
  }

  /// Encapsulates with a given ephemeral key (EC only): deterministic, for test vectors.
  EncapsulatedSecret encapsulate(WrappingKey key, KeyPair ephemeral) {
    return hpke(key.spec()).encapsulate(key, ephemeral);
  }

  /// Returns the 32-byte secret of an encapsulation. The caller closes it.
  ///
  /// The returned secret is not authentic yet: for RSA, it is random if OAEP decoding fails. Only a
  /// DEK that opens under it proves that it is right, so nothing may be concluded, kept or reported
  /// before that.
  ///
  /// @throws NotAuthenticException if the bytes have the wrong size or are not a point of the curve
  /// @throws IllegalStateException if the key is closed
  public SecretBytes decapsulate(UnwrappingKey key, byte[] encapsulated)
      throws NotAuthenticException {
    if (encapsulated.length != key.spec().encapsulatedSize()) {
      throw new NotAuthenticException();
    }
    key.acquire();
    try {
      return switch (key.spec().encapsulation()) {
        case RSAES_OAEP_SHA256 -> rsaOaep.decapsulate(key.key(), encapsulated);
        case HPKE -> hpke(key.spec()).decapsulate(key.key(), key.publicKey().point(), encapsulated);
      };
    } finally {
      key.release();
    }
  }

  private Hpke hpke(KeyPairSpec spec) {
    return switch (spec.curve()) {
      case P256 -> hpkeP256;
      case P384 -> hpkeP384;
    };
  }
}
