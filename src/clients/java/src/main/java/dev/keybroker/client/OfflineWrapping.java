package dev.keybroker.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.interfaces.ECPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Map;
import java.util.UUID;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;

/**
 * Wraps DEKs under a public KEK in the format of {@code src/docs/wrapped-dek.md}, without the
 * broker. Thread-safe.
 */
final class OfflineWrapping {
  private static final byte[] V1 = "keybroker/v1".getBytes(US_ASCII);
  private static final byte[] V1_DEK = "keybroker/v1 dek".getBytes(US_ASCII);
  private static final byte[] HPKE_V1 = "HPKE-v1".getBytes(US_ASCII);
  private static final byte[] EMPTY = {};
  private static final int SALT_SIZE = 16;
  private static final int Z_SIZE = 32;

  private final SecureRandom random = new SecureRandom();

  private record Encapsulated(byte[] bytes, byte[] z) {}

  byte[] wrap(PublicKek kek, Dek dek, Map<String, String> context) {
    byte[] plaintext = dek.toByteArray();
    byte[] z = EMPTY;
    byte[] okm = EMPTY;
    try {
      Encapsulated secret = kek.spec().isRsa() ? encapsulateRsa(kek) : encapsulateHpke(kek);
      z = secret.z;
      UUID id = UUID.fromString(kek.name().substring(kek.name().lastIndexOf('/') + 1));
      byte[] header =
          ByteBuffer.allocate(18 + secret.bytes.length)
              .put((byte) 1)
              .put((byte) (kek.spec().isRsa() ? 1 : 2))
              .putLong(id.getMostSignificantBits())
              .putLong(id.getLeastSignificantBits())
              .put(secret.bytes)
              .array();
      byte[] salt = random(SALT_SIZE);
      okm = expand("HmacSHA256", z, concat(V1_DEK, salt), 44);
      Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
      gcm.init(
          Cipher.ENCRYPT_MODE,
          new SecretKeySpec(okm, 0, 32, "AES"),
          new GCMParameterSpec(128, okm, 32, 12));
      gcm.updateAAD(concat(V1, header, Pairs.CONTEXT.encode(context)));
      return concat(header, salt, gcm.doFinal(plaintext));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("the KEK " + kek.name() + " is not usable", e);
    } finally {
      Arrays.fill(plaintext, (byte) 0);
      Arrays.fill(z, (byte) 0);
      Arrays.fill(okm, (byte) 0);
    }
  }

  private byte[] random(int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  private Encapsulated encapsulateRsa(PublicKek kek) throws GeneralSecurityException {
    PublicKey key =
        KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(kek.spki()));
    byte[] z = random(Z_SIZE);
    Cipher oaep = Cipher.getInstance("RSA/ECB/OAEPPadding");
    // By default the JDK takes MGF1 with SHA-1.
    oaep.init(
        Cipher.ENCRYPT_MODE,
        key,
        new OAEPParameterSpec(
            "SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
    return new Encapsulated(oaep.doFinal(z), z);
  }

  /** RFC 9180, base mode, export-only. */
  private static Encapsulated encapsulateHpke(PublicKek kek) throws GeneralSecurityException {
    boolean p256 = kek.spec() == KeyPairSpec.ECC_NIST_P256;
    String hmac = p256 ? "HmacSHA256" : "HmacSHA384";
    int size = p256 ? 32 : 48; // Of a coordinate, and of the hash.
    byte[] kemId = {0, (byte) (p256 ? 0x10 : 0x11)};
    byte[] kem = concat("KEM".getBytes(US_ASCII), kemId);
    byte[] suite =
        concat(
            "HPKE".getBytes(US_ASCII),
            kemId,
            new byte[] {0, (byte) (p256 ? 1 : 2), (byte) 0xff, (byte) 0xff});

    PublicKey key = KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(kek.spki()));
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(((ECPublicKey) key).getParams());
    KeyPair ephemeral = generator.generateKeyPair();
    KeyAgreement ecdh = KeyAgreement.getInstance("ECDH");
    ecdh.init(ephemeral.getPrivate());
    ecdh.doPhase(key, true);
    byte[] enc = point(ephemeral.getPublic(), size);

    byte[] eaePrk = labeledExtract(hmac, kem, EMPTY, "eae_prk", ecdh.generateSecret());
    byte[] shared =
        labeledExpand(hmac, kem, eaePrk, "shared_secret", concat(enc, point(key, size)), size);
    byte[] pskIdHash = labeledExtract(hmac, suite, EMPTY, "psk_id_hash", EMPTY);
    byte[] infoHash = labeledExtract(hmac, suite, EMPTY, "info_hash", V1);
    byte[] secret = labeledExtract(hmac, suite, shared, "secret", EMPTY);
    byte[] exporter =
        labeledExpand(
            hmac, suite, secret, "exp", concat(new byte[] {0}, pskIdHash, infoHash), size);
    return new Encapsulated(enc, labeledExpand(hmac, suite, exporter, "sec", V1_DEK, Z_SIZE));
  }

  /** An uncompressed point ends the encoding of a public key. */
  private static byte[] point(PublicKey key, int size) {
    byte[] spki = key.getEncoded();
    return Arrays.copyOfRange(spki, spki.length - 1 - 2 * size, spki.length);
  }

  private static byte[] labeledExtract(
      String hmac, byte[] suite, byte[] salt, String label, byte[] ikm)
      throws GeneralSecurityException {
    return hmac(hmac, salt, concat(HPKE_V1, suite, label.getBytes(US_ASCII), ikm));
  }

  private static byte[] labeledExpand(
      String hmac, byte[] suite, byte[] prk, String label, byte[] info, int length)
      throws GeneralSecurityException {
    byte[] size = {(byte) (length >>> 8), (byte) length};
    return expand(hmac, prk, concat(size, HPKE_V1, suite, label.getBytes(US_ASCII), info), length);
  }

  private static byte[] expand(String hmac, byte[] prk, byte[] info, int length)
      throws GeneralSecurityException {
    byte[] okm = EMPTY;
    byte[] block = EMPTY;
    for (byte i = 1; okm.length < length; i++) {
      block = hmac(hmac, prk, concat(block, info, new byte[] {i}));
      okm = concat(okm, block);
    }
    return Arrays.copyOf(okm, length);
  }

  private static byte[] hmac(String algorithm, byte[] key, byte[] message)
      throws GeneralSecurityException {
    Mac mac = Mac.getInstance(algorithm);
    // An empty key is the same as one of zeros, and SecretKeySpec takes no empty one.
    mac.init(new SecretKeySpec(key.length == 0 ? new byte[1] : key, algorithm));
    return mac.doFinal(message);
  }

  private static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }
}
