package dev.keybroker.client;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.util.Arrays;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * The segments of a body: Tink's AES256-GCM-HKDF streaming format. Segment 0 starts with the body's
 * header of 40 bytes. Not thread-safe.
 */
final class Segments {
  static final int SALT_SIZE = 32;
  static final int PREFIX_SIZE = 7;
  static final int TAG_SIZE = 16;
  static final int HEADER_SIZE = 1 + SALT_SIZE + PREFIX_SIZE;

  /** The index of a segment has four bytes in the nonce. */
  static final long MAX_COUNT = 1L << 32;

  private final int size;
  private final SecretKey key;
  private final byte[] prefix;
  private final Cipher cipher;

  private Segments(RecordingHeader header, Dek dek, byte[] salt, byte[] prefix) {
    this.size = header.segmentSize();
    byte[] derived = Hkdf.derive(dek, salt, header.associatedData());
    this.key = new SecretKeySpec(derived, "AES");
    Arrays.fill(derived, (byte) 0);
    this.prefix = prefix;
    try {
      this.cipher = Cipher.getInstance("AES/GCM/NoPadding");
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM is not available", e);
    }
  }

  static Segments writing(RecordingHeader header, Dek dek, byte[] salt, byte[] prefix) {
    return new Segments(header, dek, salt, prefix);
  }

  /**
   * @param bodyHeader the first bytes of the body, as many as there are up to 40
   */
  static Segments reading(RecordingHeader header, Dek dek, byte[] bodyHeader)
      throws RecordingException {
    if (bodyHeader.length < HEADER_SIZE || bodyHeader[0] != HEADER_SIZE) {
      throw new RecordingException(RecordingException.Reason.BODY);
    }
    return new Segments(
        header,
        dek,
        Arrays.copyOfRange(bodyHeader, 1, 1 + SALT_SIZE),
        Arrays.copyOfRange(bodyHeader, 1 + SALT_SIZE, HEADER_SIZE));
  }

  static long bodySize(int segmentSize, long plaintextSize) {
    int step = segmentSize - TAG_SIZE;
    long count = (plaintextSize + HEADER_SIZE + step - 1) / step;
    return HEADER_SIZE + plaintextSize + TAG_SIZE * count;
  }

  /** The number of bytes before a segment's ciphertext. */
  static int offset(long index) {
    return index == 0 ? HEADER_SIZE : 0;
  }

  /** The largest plaintext of a segment. */
  int capacity(long index) {
    return size - TAG_SIZE - offset(index);
  }

  /** Encrypts into {@code out} and returns the number of bytes. */
  int seal(long index, boolean last, byte[] plaintext, int offset, int length, byte[] out) {
    try {
      cipher.init(Cipher.ENCRYPT_MODE, key, nonce(index, last));
      return cipher.doFinal(plaintext, offset, length, out);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM failed", e);
    }
  }

  /**
   * Decrypts a segment.
   *
   * @param segment the segment from its start, segment 0 with the body's header
   * @return the size of the plaintext, or -1 if the segment is not authentic in this place
   */
  int open(long index, boolean last, byte[] segment, int length, byte[] out) {
    int offset = offset(index);
    // A last segment is empty only if it is the first.
    if (index >= MAX_COUNT || length - offset < (index == 0 ? TAG_SIZE : TAG_SIZE + 1)) {
      return -1;
    }
    try {
      cipher.init(Cipher.DECRYPT_MODE, key, nonce(index, last));
      return cipher.doFinal(segment, offset, length - offset, out);
    } catch (AEADBadTagException e) {
      return -1;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-GCM failed", e);
    }
  }

  /** The nonce of Tink: the prefix, the index and whether it is the last segment. */
  private GCMParameterSpec nonce(long index, boolean last) {
    byte[] nonce =
        ByteBuffer.allocate(12).put(prefix).putInt((int) index).put((byte) (last ? 1 : 0)).array();
    return new GCMParameterSpec(8 * TAG_SIZE, nonce);
  }
}
