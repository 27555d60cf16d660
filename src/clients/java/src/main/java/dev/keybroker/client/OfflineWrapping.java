package dev.keybroker.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

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
  private static final int EXPORT_ONLY = 0xffff;
  private static final int SALT_SIZE = 16;
  private static final int Z_SIZE = 32;

  private final SecureRandom random = new SecureRandom();

  private record Encapsulated(byte[] bytes, byte[] z) {}

  byte[] wrap(PublicKek kek, Dek dek, Map<String, String> context) {
    byte[] plaintext = dek.toByteArray();
    byte[] z = Hpke.EMPTY;
    byte[] okm = Hpke.EMPTY;
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
      okm = Hpke.expand("HmacSHA256", z, Hpke.concat(V1_DEK, salt), 44);
      Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
      gcm.init(
          Cipher.ENCRYPT_MODE,
          new SecretKeySpec(okm, 0, 32, "AES"),
          new GCMParameterSpec(128, okm, 32, 12));
      gcm.updateAAD(Hpke.concat(V1, header, Pairs.CONTEXT.encode(context)));
      return Hpke.concat(header, salt, gcm.doFinal(plaintext));
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
    Hpke hpke = new Hpke(kek.spec() == KeyPairSpec.ECC_NIST_P256, EXPORT_ONLY);
    PublicKey key = KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(kek.spki()));
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(((ECPublicKey) key).getParams());
    KeyPair ephemeral = generator.generateKeyPair();
    byte[] enc = hpke.point(ephemeral.getPublic());
    return new Encapsulated(
        enc,
        hpke.schedule(ephemeral.getPrivate(), key, enc, hpke.point(key), V1)
            .export(V1_DEK, Z_SIZE));
  }
}
