package dev.keybroker.kek.redis;

import dev.keybroker.crypto.MacKey;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// HMAC-SHA-256 (RFC 2104) over an entry's Redis key and its content, so that only holders of the
/// MAC key can write an entry or move one to another Redis key. An entry consists of 1 byte
/// version, 32 bytes MAC and the content. The first of several MAC keys seals; any of them opens.
/// Thread-safe.
final class EntryMac {
  private static final byte VERSION = 2;
  private static final int MAC_SIZE = 32;
  static final int CONTENT_OFFSET = 1 + MAC_SIZE;

  private final List<SecretKeySpec> keys;

  /// @param keys at least one, each of at least 32 bytes
  EntryMac(List<byte[]> keys) {
    if (keys.isEmpty() || keys.stream().anyMatch(key -> key.length < MacKey.MIN_SIZE)) {
      throw new IllegalArgumentException("no MAC key, or one of fewer than 32 bytes");
    }
    this.keys = keys.stream().map(key -> new SecretKeySpec(key, "HmacSHA256")).toList();
  }

  byte[] seal(byte[] redisKey, byte[] content) {
    byte[] entry = new byte[CONTENT_OFFSET + content.length];
    entry[0] = VERSION;
    System.arraycopy(mac(keys.getFirst(), redisKey, content, 0), 0, entry, 1, MAC_SIZE);
    System.arraycopy(content, 0, entry, CONTENT_OFFSET, content.length);
    return entry;
  }

  /// Returns the content of an entry, or null if it was not sealed for this Redis key with one of
  /// the MAC keys.
  byte @Nullable [] open(byte[] redisKey, byte[] entry) {
    if (entry.length < CONTENT_OFFSET || entry[0] != VERSION) {
      return null;
    }
    byte[] given = Arrays.copyOfRange(entry, 1, CONTENT_OFFSET);
    for (SecretKeySpec key : keys) {
      if (MessageDigest.isEqual(mac(key, redisKey, entry, CONTENT_OFFSET), given)) {
        return Arrays.copyOfRange(entry, CONTENT_OFFSET, entry.length);
      }
    }
    return null;
  }

  private static byte[] mac(SecretKeySpec key, byte[] redisKey, byte[] bytes, int offset) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(key);
      mac.update(VERSION);
      mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(redisKey.length).array());
      mac.update(redisKey);
      mac.update(bytes, offset, bytes.length - offset);
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every Java platform has HmacSHA256", e);
    }
  }
}
