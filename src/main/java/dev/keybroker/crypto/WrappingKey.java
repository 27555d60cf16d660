package dev.keybroker.crypto;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.PublicKey;
import java.util.Arrays;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/// A KEK's public key, valid for its spec: what a [KeyCodec] makes of a SubjectPublicKeyInfo.
/// Immutable.
public final class WrappingKey {

  private final KeyPairSpec spec;
  private final byte[] subjectPublicKeyInfo;
  private final String fingerprint;
  private final PublicKey key;
  private final byte @Nullable [] point;

  WrappingKey(KeyPairSpec spec, byte[] spki, PublicKey key, byte @Nullable [] point) {
    this.spec = spec;
    this.subjectPublicKeyInfo = spki.clone();
    this.fingerprint = HexFormat.of().formatHex(sha256(spki));
    this.key = key;
    this.point = point;
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw CryptoProvider.unavailable(e);
    }
  }

  public KeyPairSpec spec() {
    return spec;
  }

  /// The key as it was given, SubjectPublicKeyInfo DER (RFC 5280).
  public byte[] subjectPublicKeyInfo() {
    return subjectPublicKeyInfo.clone();
  }

  /// SHA-256 of the SubjectPublicKeyInfo, lower-case hex.
  public String fingerprint() {
    return fingerprint;
  }

  PublicKey key() {
    return key;
  }

  /// The uncompressed point of an EC key; must not be modified.
  byte[] point() {
    if (point == null) {
      throw new IllegalStateException("not an EC key");
    }
    return point;
  }

  /// Same spec, same SubjectPublicKeyInfo.
  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof WrappingKey that
        && spec == that.spec
        && Arrays.equals(subjectPublicKeyInfo, that.subjectPublicKeyInfo);
  }

  @Override
  public int hashCode() {
    return fingerprint.hashCode();
  }

  @Override
  public String toString() {
    return "WrappingKey[" + spec + " " + fingerprint + "]";
  }
}
