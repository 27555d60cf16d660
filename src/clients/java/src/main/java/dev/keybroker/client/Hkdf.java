package dev.keybroker.client;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HKDF-SHA256 (RFC 5869), for one block. */
final class Hkdf {
  static final int SIZE = 32;

  private Hkdf() {}

  /** The caller overwrites the result if it is secret. */
  static byte[] derive(Dek ikm, byte[] salt, byte[] info) {
    byte[] secret = ikm.toByteArray();
    byte[] prk = {};
    try {
      prk = hmac(salt, secret);
      return hmac(prk, info, new byte[] {1});
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HmacSHA256 is not available", e);
    } finally {
      Arrays.fill(secret, (byte) 0);
      Arrays.fill(prk, (byte) 0);
    }
  }

  private static byte[] hmac(byte[] key, byte[]... message) throws GeneralSecurityException {
    Mac mac = Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(key, "HmacSHA256"));
    for (byte[] part : message) {
      mac.update(part);
    }
    return mac.doFinal();
  }
}
