package dev.keybroker.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * A P-256 key pair of a session that opens sealed DEKs ({@code src/docs/sealed-deks.md}). A DEK
 * that is sealed to it is read by its holder only, not by the services between. Thread-safe.
 */
public final class RecipientKey {
  private static final byte[] INFO = "keybroker/v1 sealed".getBytes(US_ASCII);
  private static final int AES_256_GCM = 2;
  private static final int TAG_BITS = 128;

  /** A SubjectPublicKeyInfo up to its point. */
  private static final byte[] SPKI_START =
      HexFormat.of().parseHex("3059301306072a8648ce3d020106082a8648ce3d030107034200");

  private final PrivateKey privateKey;
  private final byte[] publicKey;

  RecipientKey(PrivateKey privateKey, byte[] publicKey) {
    this.privateKey = privateKey;
    this.publicKey = publicKey;
  }

  /** Generates a key pair, which stays in memory. */
  public static RecipientKey generate() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
      generator.initialize(new ECGenParameterSpec("secp256r1"));
      KeyPair pair = generator.generateKeyPair();
      return new RecipientKey(
          pair.getPrivate(), new Hpke(true, AES_256_GCM).point(pair.getPublic()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("P-256 is not available", e);
    }
  }

  /** The public key, 65 bytes, for {@code recipient_public_key} of UnwrapDek. */
  public byte[] publicKey() {
    return publicKey.clone();
  }

  /**
   * Opens the DEK of a recording. The caller closes it.
   *
   * @param sealedDek {@code sealed_dek} of UnwrapDek
   * @param header of the recording: the DEK of another KEK is refused
   * @throws RecordingException with the reason KEY
   */
  public Dek open(byte[] sealedDek, RecordingHeader header) throws RecordingException {
    String kek =
        header.kek().orElseThrow(() -> new RecordingException(RecordingException.Reason.KEY));
    byte[] dek = open(sealedDek, INFO, kek.getBytes(UTF_8), AES_256_GCM);
    try {
      return Dek.adopt(dek);
    } catch (IllegalArgumentException e) {
      throw new RecordingException(RecordingException.Reason.KEY);
    }
  }

  /** For tests with any AES-GCM. */
  byte[] open(byte[] sealed, byte[] info, byte[] aad, int aead) throws RecordingException {
    byte[] key = {};
    try {
      Hpke hpke = new Hpke(true, aead);
      byte[] enc = Arrays.copyOf(sealed, publicKey.length);
      PublicKey sender =
          KeyFactory.getInstance("EC")
              .generatePublic(new X509EncodedKeySpec(Hpke.concat(SPKI_START, enc)));
      Hpke.Schedule schedule = hpke.schedule(privateKey, sender, enc, publicKey, info);
      key = schedule.derive("key", aead == AES_256_GCM ? 32 : 16);
      Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
      gcm.init(
          Cipher.DECRYPT_MODE,
          new SecretKeySpec(key, "AES"),
          new GCMParameterSpec(TAG_BITS, schedule.derive("base_nonce", 12)));
      gcm.updateAAD(aad);
      return gcm.doFinal(sealed, enc.length, Math.max(0, sealed.length - enc.length));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      // Not a point of the curve, too short, or not authentic.
      throw new RecordingException(RecordingException.Reason.KEY);
    } finally {
      Arrays.fill(key, (byte) 0);
    }
  }
}
