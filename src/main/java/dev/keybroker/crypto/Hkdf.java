package dev.keybroker.crypto;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/// RFC 5869 HKDF over one hash. Not thread-safe. The caller keeps its inputs, and wipes the
/// results.
///
/// Every wrap and unwrap expands, so this runs over a [Mac] that is kept: the JDK's own
/// [javax.crypto.KDF] looks up and makes a new one for each key, which takes half as long as the
/// hashing itself. It is what the test compares with.
final class Hkdf {
  private static final int MOST_BLOCKS = 255;

  private final Mac mac;
  private final SecretKey zeros;

  /// @param hash `SHA256` or `SHA384`
  Hkdf(String hash) {
    try {
      this.mac = Mac.getInstance("Hmac" + hash);
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    }
    this.zeros = new SecretKeySpec(new byte[mac.getMacLength()], "Generic");
  }

  /// Size in bytes of the hash, and so of a pseudorandom key (`Nh` in RFC 9180).
  int hashSize() {
    return mac.getMacLength();
  }

  /// HKDF-Extract; an empty salt means the hash size in zeros.
  byte[] extract(byte[] salt, byte[] ikm) {
    try {
      return extractKept(salt, ikm);
    } finally {
      forgetKey();
    }
  }

  /// HKDF-Expand, to at most 255 times the hash's size.
  byte[] expand(byte[] prk, byte[] info, int length) {
    try {
      return expandKept(prk, info, length);
    } finally {
      forgetKey();
    }
  }

  /// HKDF: [#extract] and then [#expand].
  byte[] extractAndExpand(byte[] salt, byte[] ikm, byte[] info, int length) {
    byte[] prk = {};
    try {
      prk = extractKept(salt, ikm);
      return expandKept(prk, info, length);
    } finally {
      Arrays.fill(prk, (byte) 0);
      forgetKey();
    }
  }

  /// The key stays in the MAC.
  private byte[] extractKept(byte[] salt, byte[] ikm) {
    init(salt.length == 0 ? zeros : new WipedKey("Generic", salt, salt.length));
    return mac.doFinal(ikm);
  }

  /// The key stays in the MAC.
  private byte[] expandKept(byte[] prk, byte[] info, int length) {
    if (length > MOST_BLOCKS * hashSize()) {
      throw new IllegalArgumentException("HKDF gives no more than 255 hashes");
    }
    byte[] okm = new byte[length];
    byte[] block = {};
    init(new WipedKey("Generic", prk, prk.length));
    try {
      int filled = 0;
      for (int counter = 1; filled < length; counter++) {
        mac.update(block);
        mac.update(info);
        mac.update((byte) counter);
        Arrays.fill(block, (byte) 0);
        block = mac.doFinal();
        int size = Math.min(block.length, length - filled);
        System.arraycopy(block, 0, okm, filled, size);
        filled += size;
      }
      return okm;
    } finally {
      Arrays.fill(block, (byte) 0);
    }
  }

  /// Clears the key from the MAC, which is kept for the thread's next key.
  private void forgetKey() {
    init(zeros);
  }

  private void init(SecretKey key) {
    try {
      mac.init(key);
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    }
  }
}
