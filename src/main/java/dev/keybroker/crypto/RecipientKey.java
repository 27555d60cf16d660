package dev.keybroker.crypto;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The HPKE public key (RFC 9180) to which a DEK is sealed, serialised: an uncompressed P-256 point
/// of 65 bytes, or an X25519 public key of 32 bytes. Valid and immutable.
public final class RecipientKey {
  static final int X25519_SIZE = 32;

  private static final BigInteger X25519_P =
      BigInteger.TWO.pow(255).subtract(BigInteger.valueOf(19));

  /// The u-coordinates of small order below p. A Diffie-Hellman value with one of them is all zero,
  /// which section 7.1.4 refuses.
  private static final Set<BigInteger> X25519_SMALL_ORDER =
      Set.of(
          BigInteger.ZERO,
          BigInteger.ONE,
          X25519_P.subtract(BigInteger.ONE),
          new BigInteger("00b8495f16056286fdb1329ceb8d09da6ac49ff1fae35616aeb8413b7c7aebe0", 16),
          new BigInteger("57119fd0dd4e22d8868e1c58c45c44045bef839c55b1d0b1248c50a3bc959c5f", 16));

  private static final byte[] X25519_SPKI_PREFIX =
      HexFormat.of().parseHex("302a300506032b656e032100");

  private final byte[] encoded;

  private RecipientKey(byte[] encoded) {
    this.encoded = encoded;
  }

  /// Returns the key, or null if the bytes are not the canonical form of a valid key.
  public static @Nullable RecipientKey parse(byte[] encoded) {
    boolean valid =
        encoded.length == X25519_SIZE ? isX25519(encoded) : EcCurve.P256.isPoint(encoded);
    return valid ? new RecipientKey(encoded.clone()) : null;
  }

  private static boolean isX25519(byte[] encoded) {
    byte[] bigEndian = new byte[X25519_SIZE];
    for (int i = 0; i < X25519_SIZE; i++) {
      bigEndian[i] = encoded[X25519_SIZE - 1 - i];
    }
    BigInteger u = new BigInteger(1, bigEndian);
    return u.compareTo(X25519_P) < 0 && !X25519_SMALL_ORDER.contains(u);
  }

  boolean isX25519() {
    return encoded.length == X25519_SIZE;
  }

  byte[] encoded() {
    return encoded.clone();
  }

  /// SHA-256 of the serialised key, in lower-case hex.
  public String fingerprint() {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(encoded));
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    }
  }

  /// The key as a key of the JDK's own provider of curves.
  PublicKey toPublicKey() throws GeneralSecurityException {
    byte[] spki = EcCurve.P256.toSubjectPublicKeyInfo(encoded);
    if (isX25519()) {
      spki = new byte[X25519_SPKI_PREFIX.length + encoded.length];
      System.arraycopy(X25519_SPKI_PREFIX, 0, spki, 0, X25519_SPKI_PREFIX.length);
      System.arraycopy(encoded, 0, spki, X25519_SPKI_PREFIX.length, encoded.length);
    }
    return KeyFactory.getInstance(isX25519() ? "X25519" : "EC", DekSealing.CURVES)
        .generatePublic(new X509EncodedKeySpec(spki));
  }

  /// The serialised form of a public key of the same kind as this one.
  byte[] serialise(PublicKey key) {
    byte[] spki = key.getEncoded();
    byte[] serialised = new byte[encoded.length];
    System.arraycopy(spki, spki.length - serialised.length, serialised, 0, serialised.length);
    return serialised;
  }
}
