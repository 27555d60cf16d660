package dev.keybroker.crypto;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.RSAPrivateCrtKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import javax.crypto.KeyAgreement;
import javax.security.auth.DestroyFailedException;
import javax.security.auth.Destroyable;

/// Parses the encoded halves of a KEK into key objects, and refuses everything that is not a valid
/// key of the spec. Thread-safe.
public final class KeyCodec {

  private static final BigInteger SMALLEST_EXPONENT = BigInteger.valueOf(65537);
  private static final int LARGEST_EXPONENT_BITS = 33;

  private final CryptoProvider provider;

  public KeyCodec(CryptoProvider provider) {
    this.provider = provider;
  }

  /// Parses a public key in canonical SubjectPublicKeyInfo DER: rsaEncryption with the spec's
  /// modulus length and an odd exponent from 65537 to 33 bits, or a named curve with an
  /// uncompressed point on it.
  ///
  /// @throws InvalidKekException if it is anything else
  public WrappingKey parsePublic(KeyPairSpec spec, byte[] spki) {
    try {
      return switch (spec.encapsulation()) {
        case RSAES_OAEP_SHA256 -> parseRsaPublic(spec, spki);
        case HPKE -> parseEcPublic(spec, spki);
      };
    } catch (GeneralSecurityException e) {
      throw InvalidKekException.publicKey();
    }
  }

  private WrappingKey parseRsaPublic(KeyPairSpec spec, byte[] spki)
      throws GeneralSecurityException {
    PublicKey key = provider.keyFactory("RSA").generatePublic(new X509EncodedKeySpec(spki));
    if (key instanceof RSAPublicKey rsa
        && isOfSpec(spec, rsa.getModulus(), rsa.getPublicExponent())
        && Arrays.equals(key.getEncoded(), spki)) {
      return new WrappingKey(spec, spki, key, null);
    }
    throw InvalidKekException.publicKey();
  }

  private WrappingKey parseEcPublic(KeyPairSpec spec, byte[] spki) throws GeneralSecurityException {
    byte[] point = spec.curve().toPoint(spki);
    if (!spec.curve().isPoint(point)) {
      throw InvalidKekException.publicKey();
    }
    return new WrappingKey(
        spec, spki, provider.primitives().ecPublicKey(spec.curve(), point), point);
  }

  private static boolean isOfSpec(KeyPairSpec spec, BigInteger modulus, BigInteger exponent) {
    return modulus.bitLength() == spec.modulusBits()
        && modulus.testBit(0)
        && exponent.testBit(0)
        && exponent.compareTo(SMALLEST_EXPONENT) >= 0
        && exponent.bitLength() <= LARGEST_EXPONENT_BITS;
  }

  /// Parses a private key in PKCS#8 DER: RSA with its CRT parameters, or EC on the spec's named
  /// curve. The caller still owns the encoded key, and closes the returned one.
  ///
  /// @throws InvalidKekException if it is anything else
  public UnwrappingKey parsePrivate(KeyPairSpec spec, SecretBytes pkcs8) {
    PrivateKey key = null;
    try (WipedKeySpec encoded = new WipedKeySpec(pkcs8)) {
      key = provider.keyFactory(algorithm(spec)).generatePrivate(encoded);
      return new UnwrappingKey(publicKey(spec, key), key);
    } catch (GeneralSecurityException | InvalidKekException e) {
      if (key != null) {
        destroy(key);
      }
      throw InvalidKekException.privateKey();
    }
  }

  /// The JCA name of the key algorithm.
  static String algorithm(KeyPairSpec spec) {
    return switch (spec.encapsulation()) {
      case RSAES_OAEP_SHA256 -> "RSA";
      case HPKE -> "EC";
    };
  }

  private WrappingKey publicKey(KeyPairSpec spec, PrivateKey key) throws GeneralSecurityException {
    return switch (spec.encapsulation()) {
      case RSAES_OAEP_SHA256 -> {
        if (key instanceof RSAPrivateCrtKey rsa) {
          // Only these two numbers: asking for the primes would copy them to the Java heap, where
          // nothing wipes them.
          var numbers = new RSAPublicKeySpec(rsa.getModulus(), rsa.getPublicExponent());
          PublicKey publicKey = provider.keyFactory("RSA").generatePublic(numbers);
          yield parsePublic(spec, publicKey.getEncoded());
        }
        throw InvalidKekException.privateKey();
      }
      case HPKE -> {
        EcCurve curve = spec.curve();
        if (key instanceof ECPrivateKey ec && curve.isCurveOf(ec.getParams())) {
          yield parsePublic(spec, curve.toSubjectPublicKeyInfo(publicPoint(curve, key)));
        }
        throw InvalidKekException.privateKey();
      }
    };
  }

  /// The public point of a private key, which HPKE needs and PKCS#8 need not contain.
  ///
  /// The JCA multiplies the generator by the private key only inside a key agreement, which gives
  /// the x-coordinate. A signature that verifies with one of the two points at this x shows which
  /// one it is; the signature never leaves this method.
  private byte[] publicPoint(EcCurve curve, PrivateKey key) throws GeneralSecurityException {
    KeyAgreement agreement = provider.keyAgreement();
    agreement.init(key);
    agreement.doPhase(provider.primitives().ecPublicKey(curve, curve.generator()), true);
    byte[][] candidates = curve.pointsAt(agreement.generateSecret());

    Signature signature = provider.signature("SHA256withECDSA");
    signature.initSign(key);
    byte[] signed = signature.sign();
    for (byte[] candidate : candidates) {
      if (curve.isPoint(candidate)) {
        signature.initVerify(provider.primitives().ecPublicKey(curve, candidate));
        if (signature.verify(signed)) {
          return candidate;
        }
      }
    }
    throw InvalidKekException.privateKey();
  }

  /// Destroys a key as far as its provider can: the JDK's cannot, and leave it to the garbage
  /// collector.
  static void destroy(Destroyable key) {
    try {
      key.destroy();
    } catch (DestroyFailedException e) {
      // See UnwrappingKey.
    }
  }

  /// A PKCS#8 encoding that wipes every copy it has given to a key factory.
  private static final class WipedKeySpec extends PKCS8EncodedKeySpec implements AutoCloseable {

    private final SecretBytes pkcs8;
    private final List<byte[]> copies = new ArrayList<>(1);

    WipedKeySpec(SecretBytes pkcs8) {
      super(new byte[0]);
      this.pkcs8 = pkcs8;
    }

    @Override
    public byte[] getEncoded() {
      byte[] copy = pkcs8.toByteArray();
      copies.add(copy);
      return copy;
    }

    @Override
    public void close() {
      copies.forEach(copy -> Arrays.fill(copy, (byte) 0));
    }
  }
}
