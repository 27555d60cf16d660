package dev.keybroker.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.util.Arrays;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * HPKE (RFC 9180) in base mode on a NIST curve, up to the key schedule. The caller overwrites what
 * is secret.
 */
final class Hpke {
  static final byte[] EMPTY = {};
  private static final byte[] HPKE_V1 = "HPKE-v1".getBytes(US_ASCII);

  private final String hmac;
  private final byte[] kem;
  private final byte[] suite;

  /** Size in bytes of a coordinate and of the hash. */
  final int size;

  /**
   * @param p256 P-256 with SHA-256, otherwise P-384 with SHA-384
   * @param aead the id of the AEAD
   */
  Hpke(boolean p256, int aead) {
    this.hmac = p256 ? "HmacSHA256" : "HmacSHA384";
    this.size = p256 ? 32 : 48;
    short kemId = (short) (p256 ? 0x10 : 0x11);
    this.kem = ByteBuffer.allocate(5).put("KEM".getBytes(US_ASCII)).putShort(kemId).array();
    this.suite =
        ByteBuffer.allocate(10)
            .put("HPKE".getBytes(US_ASCII))
            .putShort(kemId)
            .putShort((short) (p256 ? 1 : 2))
            .putShort((short) aead)
            .array();
  }

  /** The secrets of a context: what {@code label} of the key schedule derives. */
  final class Schedule {
    private final byte[] secret;
    private final byte[] context;

    private Schedule(byte[] shared, byte[] info) throws GeneralSecurityException {
      byte[] pskIdHash = extract(suite, EMPTY, "psk_id_hash", EMPTY);
      byte[] infoHash = extract(suite, EMPTY, "info_hash", info);
      this.context = concat(new byte[1], pskIdHash, infoHash);
      this.secret = extract(suite, shared, "secret", EMPTY);
    }

    byte[] derive(String label, int length) throws GeneralSecurityException {
      return expand(suite, secret, label, context, length);
    }

    byte[] export(byte[] exporterContext, int length) throws GeneralSecurityException {
      return expand(suite, derive("exp", size), "sec", exporterContext, length);
    }
  }

  /**
   * @param mine the ephemeral key of the sender, or the key of the recipient
   * @param enc the ephemeral public key as it is sent
   * @param recipient the recipient's public key in the same form
   */
  Schedule schedule(PrivateKey mine, PublicKey peer, byte[] enc, byte[] recipient, byte[] info)
      throws GeneralSecurityException {
    KeyAgreement ecdh = KeyAgreement.getInstance("ECDH");
    ecdh.init(mine);
    ecdh.doPhase(peer, true);
    byte[] eaePrk = extract(kem, EMPTY, "eae_prk", ecdh.generateSecret());
    return new Schedule(expand(kem, eaePrk, "shared_secret", concat(enc, recipient), size), info);
  }

  /** An uncompressed point ends the encoding of a public key. */
  byte[] point(PublicKey key) {
    byte[] spki = key.getEncoded();
    return Arrays.copyOfRange(spki, spki.length - 1 - 2 * size, spki.length);
  }

  private byte[] extract(byte[] id, byte[] salt, String label, byte[] ikm)
      throws GeneralSecurityException {
    return hmac(hmac, salt, concat(HPKE_V1, id, label.getBytes(US_ASCII), ikm));
  }

  private byte[] expand(byte[] id, byte[] prk, String label, byte[] info, int length)
      throws GeneralSecurityException {
    byte[] bytes = {(byte) (length >>> 8), (byte) length};
    return expand(hmac, prk, concat(bytes, HPKE_V1, id, label.getBytes(US_ASCII), info), length);
  }

  /** HKDF-Expand (RFC 5869). */
  static byte[] expand(String hmac, byte[] prk, byte[] info, int length)
      throws GeneralSecurityException {
    byte[] okm = EMPTY;
    byte[] block = EMPTY;
    for (byte i = 1; okm.length < length; i++) {
      block = hmac(hmac, prk, concat(block, info, new byte[] {i}));
      okm = concat(okm, block);
    }
    return Arrays.copyOf(okm, length);
  }

  static byte[] hmac(String algorithm, byte[] key, byte[] message) throws GeneralSecurityException {
    Mac mac = Mac.getInstance(algorithm);
    // An empty key is the same as one of zeros, and SecretKeySpec takes no empty one.
    mac.init(new SecretKeySpec(key.length == 0 ? new byte[1] : key, algorithm));
    return mac.doFinal(message);
  }

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }
}
