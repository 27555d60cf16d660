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
    return new Hpke(provider, suite, HPKE_EXPORTER_CONTEXT);
  }

  /// A fresh 32-byte secret and its encapsulation under the key. The caller closes it.
  public EncapsulatedSecret encapsulate(WrappingKey key) {
    return switch (key.spec().encapsulation()) {
      case RSAES_OAEP_SHA256 -> rsaOaep.encapsulate(key);
      case HPKE -> hpke(key.spec()).encapsulate(key);
    };
  }

  /// With the ephemeral key of an EC encapsulation given: deterministic, for test vectors.
  EncapsulatedSecret encapsulate(WrappingKey key, KeyPair ephemeral) {
    return hpke(key.spec()).encapsulate(key, ephemeral);
  }

  /// The 32-byte secret of an encapsulation. The caller closes it.
  ///
  /// A secret that comes back is not yet authentic: for RSA it is a random one where OAEP decoding
  /// fails. Only a DEK that opens under it shows that it is right, so nothing may be concluded,
  /// kept or told before that.
  ///
  /// @throws NotAuthenticException where the bytes have the wrong size or are no point of the curve
  /// @throws IllegalStateException where the key is closed
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
