package dev.keybroker.client;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * The canonical encoding of key-value pairs: their number, then each key and value with its length,
 * sorted by key.
 */
final class Pairs {
  private static final int MAX_KEY = 128;

  private final int most;
  private final int maxValue;
  private final int maxTotal;

  private Pairs(int most, int maxValue, int maxTotal) {
    this.most = most;
    this.maxValue = maxValue;
    this.maxTotal = maxTotal;
  }

  /** The limits of an encryption context. */
  static final Pairs CONTEXT = new Pairs(16, 1024, 8192);

  /** The limits of free metadata. */
  static final Pairs METADATA = new Pairs(64, 4096, 32768);

  /** Fails with an {@link IllegalArgumentException} if the pairs are beyond the limits. */
  byte[] encode(Map<String, String> pairs) {
    Map<byte[], byte[]> sorted = new TreeMap<>(Arrays::compareUnsigned);
    int total = 0;
    for (Map.Entry<String, String> pair : pairs.entrySet()) {
      byte[] key = utf8(pair.getKey());
      byte[] value = utf8(pair.getValue());
      if (key.length < 1 || key.length > MAX_KEY || value.length > maxValue) {
        throw new IllegalArgumentException(
            "a key has 1 to " + MAX_KEY + " bytes of UTF-8, a value at most " + maxValue);
      }
      total += key.length + value.length;
      sorted.put(key, value);
    }
    if (sorted.size() > most || total > maxTotal) {
      throw new IllegalArgumentException(
          "at most " + most + " pairs with " + maxTotal + " bytes together");
    }
    ByteArrayOutputStream encoded = new ByteArrayOutputStream();
    encoded.writeBytes(size(sorted.size()));
    sorted.forEach(
        (key, value) -> {
          encoded.writeBytes(size(key.length));
          encoded.writeBytes(key);
          encoded.writeBytes(size(value.length));
          encoded.writeBytes(value);
        });
    return encoded.toByteArray();
  }

  private static byte[] utf8(String text) {
    try {
      ByteBuffer encoded = UTF_8.newEncoder().encode(CharBuffer.wrap(text));
      return Arrays.copyOf(encoded.array(), encoded.limit());
    } catch (CharacterCodingException e) {
      throw new IllegalArgumentException("a key or value has an unpaired surrogate", e);
    }
  }

  private static byte[] size(int size) {
    return ByteBuffer.allocate(4).putInt(size).array();
  }

  Map<String, String> decode(byte[] encoded) throws RecordingException {
    ByteBuffer in = ByteBuffer.wrap(encoded);
    int count = in.getInt();
    RecordingHeader.require(count >= 0 && count <= most);
    Map<String, String> pairs = new LinkedHashMap<>();
    byte[] before = {};
    int total = 0;
    for (int i = 0; i < count; i++) {
      byte[] key = part(in, MAX_KEY);
      byte[] value = part(in, maxValue);
      RecordingHeader.require(Arrays.compareUnsigned(before, key) < 0);
      before = key;
      total += key.length + value.length;
      pairs.put(text(key), text(value));
    }
    RecordingHeader.require(!in.hasRemaining() && total <= maxTotal);
    return Collections.unmodifiableMap(pairs);
  }

  private static byte[] part(ByteBuffer in, int max) throws RecordingException {
    RecordingHeader.require(in.remaining() >= 4);
    int size = in.getInt();
    RecordingHeader.require(size >= 0 && size <= max && size <= in.remaining());
    byte[] part = new byte[size];
    in.get(part);
    return part;
  }

  private static String text(byte[] encoded) throws RecordingException {
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(encoded)).toString();
    } catch (CharacterCodingException e) {
      throw new RecordingException(RecordingException.Reason.FORMAT);
    }
  }

  static byte[] sha256(byte[] encoded) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(encoded);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("SHA-256 is not available", e);
    }
  }
}
