package dev.keybroker.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// The symmetric part of a wrapped DEK: a key and nonce from `z` and the salt by
/// HKDF-Expand-SHA256, then AES-256-GCM.
///
/// Thread-safe. The additional authenticated data are `"keybroker/v1"`, every byte before the salt,
/// and the encryption context. Key and nonce come from a salt that no two messages share, so each
/// key encrypts one message.
final class DekCipher {

  /// Size in bytes of the secret that a KEK encapsulates.
  static final int Z_SIZE = 32;

  private static final byte[] AAD_PREFIX = "keybroker/v1".getBytes(US_ASCII);
  private static final byte[] SALT_PREFIX = "keybroker/v1 salt".getBytes(US_ASCII);
  private static final byte[] INFO_PREFIX = "keybroker/v1 dek".getBytes(US_ASCII);
  private static final int KEY_SIZE = 32;
  private static final int NONCE_SIZE = 12;

  private final CryptoProvider provider;
  private final SecretKey noKey = new SecretKeySpec(new byte[KEY_SIZE], "AES");
  private final GCMParameterSpec noNonce =
      new GCMParameterSpec(8 * WrappedDek.TAG_SIZE, new byte[NONCE_SIZE]);

  DekCipher(CryptoProvider provider) {
    this.provider = provider;
  }

  /// Converts the random bytes at the position of the salt into the salt: HMAC-SHA256 under `z` of
  /// them and of all that is encrypted or authenticated, cut to the size of a salt.
  ///
  /// Without a repeat of the random bytes this is as good as they are, since `z` is secret. With
  /// one, as in two copies of a virtual machine, two salts of one `z` are the same only where DEK,
  /// context and every byte before the salt are the same too (or HMAC-SHA256 collides in 128
  /// bits). Key, nonce, plaintext and additional data are then the same, so the second message is
  /// a copy of the first and gives nothing away. The prefix and the sizes make the input
  /// injective, and keep it apart from those of [#keyAndNonce].
  void hedgeSalt(
      SecretBytes z, byte[] wrapped, int saltOffset, SecretBytes dek, EncryptionContext context) {
    byte[] encoded = context.encodedUncopied();
    int prefix = SALT_PREFIX.length;
    int wrappedSize = saltOffset + WrappedDek.SALT_SIZE;
    byte[] input =
        Arrays.copyOf(SALT_PREFIX, prefix + 3 + dek.size() + wrappedSize + encoded.length);
    byte[] key = z.toByteArray();
    try {
      input[prefix] = (byte) dek.size();
      input[prefix + 1] = (byte) (saltOffset >>> 8);
      input[prefix + 2] = (byte) saltOffset;
      dek.copyTo(input, prefix + 3);
      System.arraycopy(wrapped, 0, input, prefix + 3 + dek.size(), wrappedSize);
      System.arraycopy(encoded, 0, input, prefix + 3 + dek.size() + wrappedSize, encoded.length);
      // HKDF-Extract is HMAC under its salt.
      byte[] mac = provider.primitives().hkdfSha256().extract(key, input);
      System.arraycopy(mac, 0, wrapped, saltOffset, WrappedDek.SALT_SIZE);
      Arrays.fill(mac, (byte) 0);
    } finally {
      Arrays.fill(key, (byte) 0);
      Arrays.fill(input, (byte) 0);
    }
  }

  /// Encrypts the DEK into `wrapped`, which is complete up to the end of the salt.
  void seal(
      SecretBytes z, byte[] wrapped, int saltOffset, SecretBytes dek, EncryptionContext context) {
    Cipher cipher = provider.primitives().aesGcm();
    byte[] plaintext = dek.toByteArray();
    try {
      init(cipher, Cipher.ENCRYPT_MODE, z, wrapped, saltOffset, context);
      int ciphertext = saltOffset + WrappedDek.SALT_SIZE;
      cipher.doFinal(plaintext, 0, plaintext.length, wrapped, ciphertext);
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    } finally {
      Arrays.fill(plaintext, (byte) 0);
      forgetKey(cipher);
    }
  }

  /// Decrypts the DEK, if all of it is authentic.
  SecretBytes open(SecretBytes z, byte[] wrapped, int saltOffset, EncryptionContext context)
      throws NotAuthenticException {
    Cipher cipher = provider.primitives().aesGcm();
    try {
      init(cipher, Cipher.DECRYPT_MODE, z, wrapped, saltOffset, context);
      int ciphertext = saltOffset + WrappedDek.SALT_SIZE;
      return SecretBytes.adopt(cipher.doFinal(wrapped, ciphertext, wrapped.length - ciphertext));
    } catch (AEADBadTagException e) {
      throw new NotAuthenticException();
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    } finally {
      forgetKey(cipher);
    }
  }

  private void init(
      Cipher cipher,
      int mode,
      SecretBytes z,
      byte[] wrapped,
      int saltOffset,
      EncryptionContext context)
      throws GeneralSecurityException {
    byte[] okm = keyAndNonce(provider.primitives().hkdfSha256(), z, wrapped, saltOffset);
    WipedKey key = new WipedKey("AES", okm, KEY_SIZE);
    try {
      int tagBits = 8 * WrappedDek.TAG_SIZE;
      cipher.init(mode, key, new GCMParameterSpec(tagBits, okm, KEY_SIZE, NONCE_SIZE));
    } finally {
      key.destroy();
    }
    cipher.updateAAD(additionalData(wrapped, saltOffset, context.encodedUncopied()));
  }

  /// In one piece, because a native provider needs a separate call for each piece.
  private static byte[] additionalData(byte[] wrapped, int saltOffset, byte[] context) {
    byte[] data = Arrays.copyOf(AAD_PREFIX, AAD_PREFIX.length + saltOffset + context.length);
    System.arraycopy(wrapped, 0, data, AAD_PREFIX.length, saltOffset);
    System.arraycopy(context, 0, data, AAD_PREFIX.length + saltOffset, context.length);
    return data;
  }

  /// Clears the key from the cipher, which is kept for the thread's next DEK.
  private void forgetKey(Cipher cipher) {
    try {
      cipher.init(Cipher.DECRYPT_MODE, noKey, noNonce);
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    }
  }

  private static byte[] keyAndNonce(Hkdf hkdf, SecretBytes z, byte[] wrapped, int saltOffset) {
    if (z.size() != Z_SIZE) {
      throw new IllegalArgumentException("z has the wrong size");
    }
    byte[] info = Arrays.copyOf(INFO_PREFIX, INFO_PREFIX.length + WrappedDek.SALT_SIZE);
    System.arraycopy(wrapped, saltOffset, info, INFO_PREFIX.length, WrappedDek.SALT_SIZE);
    byte[] prk = z.toByteArray();
    try {
      return hkdf.expand(prk, info, KEY_SIZE + NONCE_SIZE);
    } finally {
      Arrays.fill(prk, (byte) 0);
    }
  }
}
