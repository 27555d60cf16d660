package dev.keybroker.crypto;

import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.security.spec.ECFieldFp;
import java.security.spec.ECParameterSpec;
import java.security.spec.EllipticCurve;
import java.util.Arrays;
import java.util.HexFormat;

/// The two NIST curves (SP 800-186) with their HPKE suites, and points in uncompressed form.
enum EcCurve {
  P256(
      "secp256r1",
      32,
      "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
      "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
      "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
      "3059301306072a8648ce3d020106082a8648ce3d030107034200"),
  P384(
      "secp384r1",
      48,
      "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"
          + "ffffffff0000000000000000ffffffff",
      "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875a"
          + "c656398d8a2ed19d2a85c8edd3ec2aef",
      "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a38"
          + "5502f25dbf55296c3a545e3872760ab7",
      "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c0"
          + "0a60b1ce1d7e819d7a431d7c90ea0e5f",
      "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
          + "581a0db248b0a77aecec196accc52973",
      "3076301006072a8648ce3d020106052b81040022036200");

  private static final BigInteger THREE = BigInteger.valueOf(3);
  private static final byte UNCOMPRESSED = 4;

  private final String jcaName;
  private final int fieldBytes;
  private final BigInteger p;
  private final BigInteger b;
  private final BigInteger gx;
  private final BigInteger gy;
  private final BigInteger n;

  @SuppressWarnings("ImmutableEnumChecker") // Never given away.
  private final byte[] spkiPrefix;

  EcCurve(
      String jcaName,
      int fieldBytes,
      String p,
      String b,
      String gx,
      String gy,
      String n,
      String spkiPrefix) {
    this.jcaName = jcaName;
    this.fieldBytes = fieldBytes;
    this.p = new BigInteger(p, 16);
    this.b = new BigInteger(b, 16);
    this.gx = new BigInteger(gx, 16);
    this.gy = new BigInteger(gy, 16);
    this.n = new BigInteger(n, 16);
    this.spkiPrefix = HexFormat.of().parseHex(spkiPrefix);
  }

  String jcaName() {
    return jcaName;
  }

  /// Size in bytes of an uncompressed point.
  int pointSize() {
    return 1 + 2 * fieldBytes;
  }

  /// Whether the parameters of a key object are this curve's.
  boolean isCurveOf(ECParameterSpec params) {
    EllipticCurve curve = new EllipticCurve(new ECFieldFp(p), p.subtract(THREE), b);
    return curve.equals(params.getCurve())
        && params.getGenerator().getAffineX().equals(gx)
        && params.getGenerator().getAffineY().equals(gy)
        && params.getOrder().equals(n)
        && params.getCofactor() == 1;
  }

  /// Whether the bytes are an uncompressed point of this curve other than infinity: the partial
  /// public-key validation (SP 800-56A, 5.6.2.3.4) that RFC 9180 section 7.1.4 demands. Both curves
  /// have prime order, so such a point is a valid key and no Diffie-Hellman with it ends in
  /// infinity; the all-zero check of that section is for X25519 and X448.
  boolean isPoint(byte[] encoded) {
    if (encoded.length != pointSize() || encoded[0] != UNCOMPRESSED) {
      return false;
    }
    BigInteger x = new BigInteger(1, encoded, 1, fieldBytes);
    BigInteger y = new BigInteger(1, encoded, 1 + fieldBytes, fieldBytes);
    // One division by p, which is the expensive part.
    return x.compareTo(p) < 0
        && y.compareTo(p) < 0
        && rightSide(x).subtract(y.multiply(y)).mod(p).signum() == 0;
  }

  /// The right side of the curve's equation, y² = x³ - 3x + b, not reduced.
  private BigInteger rightSide(BigInteger x) {
    return x.multiply(x).subtract(THREE).multiply(x).add(b);
  }

  /// The two points with the given x-coordinate (big-endian, field size), or fewer if there are
  /// none.
  byte[][] pointsAt(byte[] x) {
    BigInteger square = rightSide(new BigInteger(1, x)).mod(p);
    // Both primes are 3 modulo 4, which makes this power the square root.
    BigInteger y = square.modPow(p.add(BigInteger.ONE).shiftRight(2), p);
    return new byte[][] {point(x, y), point(x, p.subtract(y))};
  }

  byte[] generator() {
    return point(fieldElement(gx), gy);
  }

  private byte[] point(byte[] x, BigInteger y) {
    return ByteBuffer.allocate(pointSize()).put(UNCOMPRESSED).put(x).put(fieldElement(y)).array();
  }

  private byte[] fieldElement(BigInteger value) {
    byte[] minimal = value.toByteArray(); // May have a leading zero for the sign.
    int length = Math.min(minimal.length, fieldBytes);
    return ByteBuffer.allocate(fieldBytes)
        .put(fieldBytes - length, minimal, minimal.length - length, length)
        .array();
  }

  /// The SubjectPublicKeyInfo of a point: DER of one length and prefix for each curve (RFC 5480,
  /// named curve, uncompressed).
  byte[] toSubjectPublicKeyInfo(byte[] point) {
    return ByteBuffer.allocate(spkiPrefix.length + point.length).put(spkiPrefix).put(point).array();
  }

  /// The point of a SubjectPublicKeyInfo in the form that [#toSubjectPublicKeyInfo] makes, checked
  /// only for that form.
  byte[] toPoint(byte[] spki) {
    int prefix = spkiPrefix.length;
    if (spki.length != prefix + pointSize()
        || !Arrays.equals(spki, 0, prefix, spkiPrefix, 0, prefix)) {
      throw InvalidKekException.publicKey();
    }
    return Arrays.copyOfRange(spki, prefix, spki.length);
  }
}
