package dev.keybroker.embedded.kms;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/// A ciphertext blob: it names its KMS key and backing key, and holds AES-256-GCM output whose
/// additional authenticated data is that header and the encryption context.
///
/// ``` 1 byte version, 12 bytes account, 1 byte length and key id, 16 bytes backing key id, 16
/// bytes header MAC, 12 bytes nonce, ciphertext and tag
/// ```
///
/// The header MAC (HMAC-SHA-256, truncated) is made with a secret of the local KMS, so that a
/// header that was tampered with is an invalid ciphertext and never leads to another key.
@SuppressWarnings("ArrayRecordComponent") // never compared
record Ciphertext(String account, String keyId, UUID backingKeyId, byte[] header, byte[] sealed) {

  private static final byte VERSION = 1;
  private static final int MAC_BYTES = 16;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  static byte[] encrypt(
      byte[] macKey,
      KmsKey key,
      KeyMaterial.BackingKey backingKey,
      Map<String, String> context,
      byte[] plaintext) {
    byte[] id = key.keyId().getBytes(StandardCharsets.US_ASCII);
    byte[] header =
        ByteBuffer.allocate(1 + 12 + 1 + id.length + 16)
            .put(VERSION)
            .put(key.account().getBytes(StandardCharsets.US_ASCII))
            .put((byte) id.length)
            .put(id)
            .putLong(backingKey.id().getMostSignificantBits())
            .putLong(backingKey.id().getLeastSignificantBits())
            .array();
    byte[] nonce = RandomBytes.next(NONCE_BYTES);
    try {
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, backingKey, nonce, header, context);
      byte[] sealed = cipher.doFinal(plaintext);
      return ByteBuffer.allocate(header.length + MAC_BYTES + NONCE_BYTES + sealed.length)
          .put(header)
          .put(mac(macKey, header))
          .put(nonce)
          .put(sealed)
          .array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Reads the header of a blob.
  ///
  /// @throws AwsException (InvalidCiphertextException) if it is not one of ours
  static Ciphertext parse(byte[] macKey, byte[] blob) {
    try {
      ByteBuffer in = ByteBuffer.wrap(blob);
      if (in.get() != VERSION) {
        throw KmsErrors.invalidCiphertext();
      }
      byte[] account = new byte[12];
      in.get(account);
      byte[] keyId = new byte[in.get() & 0xff];
      in.get(keyId);
      UUID backingKeyId = new UUID(in.getLong(), in.getLong());
      byte[] header = Arrays.copyOf(blob, in.position());
      byte[] mac = new byte[MAC_BYTES];
      in.get(mac);
      byte[] sealed = new byte[in.remaining()];
      in.get(sealed);
      if (sealed.length < NONCE_BYTES + TAG_BITS / 8
          || !MessageDigest.isEqual(mac, mac(macKey, header))) {
        throw KmsErrors.invalidCiphertext();
      }
      return new Ciphertext(
          new String(account, StandardCharsets.US_ASCII),
          new String(keyId, StandardCharsets.US_ASCII),
          backingKeyId,
          header,
          sealed);
    } catch (BufferUnderflowException e) {
      throw KmsErrors.invalidCiphertext();
    }
  }

  /// The plaintext.
  ///
  /// @throws AwsException (InvalidCiphertextException) where blob or context are not those of the
  ///     encryption
  byte[] decrypt(KeyMaterial material, Map<String, String> context) {
    KeyMaterial.BackingKey backingKey = material.find(backingKeyId);
    if (backingKey == null) {
      throw KmsErrors.invalidCiphertext();
    }
    try {
      byte[] nonce = Arrays.copyOf(sealed, NONCE_BYTES);
      Cipher cipher = cipher(Cipher.DECRYPT_MODE, backingKey, nonce, header, context);
      return cipher.doFinal(sealed, NONCE_BYTES, sealed.length - NONCE_BYTES);
    } catch (AEADBadTagException e) {
      throw KmsErrors.invalidCiphertext();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Cipher cipher(
      int mode,
      KeyMaterial.BackingKey backingKey,
      byte[] nonce,
      byte[] header,
      Map<String, String> context)
      throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(
        mode, new SecretKeySpec(backingKey.secret(), "AES"), new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(header);
    cipher.updateAAD(canonical(context));
    return cipher;
  }

  private static byte[] canonical(Map<String, String> context) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (Map.Entry<String, String> pair : new TreeMap<>(context).entrySet()) {
        byte[] name = pair.getKey().getBytes(StandardCharsets.UTF_8);
        byte[] value = pair.getValue().getBytes(StandardCharsets.UTF_8);
        out.writeInt(name.length);
        out.write(name);
        out.writeInt(value.length);
        out.write(value);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static byte[] mac(byte[] macKey, byte[] header) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(macKey, "HmacSHA256"));
      return Arrays.copyOf(mac.doFinal(header), MAC_BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
