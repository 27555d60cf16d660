package dev.keybroker.crypto;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The key-value pairs that are bound to a wrapped DEK as additional authenticated data. Immutable.
///
/// Encoded canonically: a 4-byte big-endian pair count, then for each pair, sorted by key in
/// unsigned UTF-8 byte order, a 4-byte length, the key, a 4-byte length, the value. The lengths
/// make it injective: no two contexts share an encoding. The pairs are not secret, but
/// [#toString()] never shows them. The API enforces the limits; the encoding has none.
public final class EncryptionContext {

  /// At most this many pairs.
  public static final int MAX_PAIRS = 16;

  /// A key has 1 to this many bytes of UTF-8.
  public static final int MAX_KEY_BYTES = 128;

  /// A value has at most this many bytes of UTF-8.
  public static final int MAX_VALUE_BYTES = 1_024;

  /// All keys and values together have at most this many bytes of UTF-8.
  public static final int MAX_TOTAL_BYTES = 8 * 1_024;

  private static final EncryptionContext EMPTY = new EncryptionContext(0, new byte[4]);

  private final int pairs;
  private final byte[] encoded;

  private EncryptionContext(int pairs, byte[] encoded) {
    this.pairs = pairs;
    this.encoded = encoded;
  }

  /// The context without pairs, which is a context like any other: unwrapping then takes no pairs
  /// either.
  public static EncryptionContext empty() {
    return EMPTY;
  }

  /// Creates the context of a map, independent of its order.
  ///
  /// @throws IllegalArgumentException if a key or value is not Unicode text (has an unpaired
  ///     surrogate), because UTF-8 cannot distinguish unpaired surrogates
  public static EncryptionContext of(Map<String, String> pairs) {
    if (pairs.isEmpty()) {
      return EMPTY;
    }
    Pair[] sorted = new Pair[pairs.size()];
    int count = 0;
    int size = 4;
    for (Map.Entry<String, String> entry : pairs.entrySet()) {
      Pair pair = new Pair(utf8(entry.getKey()), utf8(entry.getValue()));
      sorted[count++] = pair;
      size = Math.addExact(size, 8 + pair.key.length + pair.value.length);
    }
    Arrays.sort(sorted);
    ByteBuffer encoded = ByteBuffer.allocate(size).putInt(count);
    for (Pair pair : sorted) {
      encoded.putInt(pair.key.length).put(pair.key).putInt(pair.value.length).put(pair.value);
    }
    return new EncryptionContext(count, encoded.array());
  }

  private static byte[] utf8(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        if (i + 1 == text.length()
            || !Character.isSurrogatePair(text.charAt(i), text.charAt(i + 1))) {
          throw new IllegalArgumentException("encryption context is not valid Unicode text");
        }
        i++;
      }
    }
    return text.getBytes(UTF_8);
  }

  /// The number of pairs.
  public int pairs() {
    return pairs;
  }

  /// The bytes of UTF-8 in all keys and values together.
  public int totalBytes() {
    return encoded.length - 4 - 8 * pairs;
  }

  /// A copy of the canonical encoding.
  public byte[] encoded() {
    return encoded.clone();
  }

  /// The canonical encoding itself; must not be modified.
  byte[] encodedUncopied() {
    return encoded;
  }

  /// SHA-256 of the canonical encoding: what an audit record contains of a context without showing
  /// it.
  public byte[] digest() {
    try {
      return MessageDigest.getInstance("SHA-256").digest(encoded);
    } catch (NoSuchAlgorithmException e) {
      throw CryptoProvider.unavailable(e);
    }
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof EncryptionContext that && Arrays.equals(encoded, that.encoded);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(encoded);
  }

  @Override
  public String toString() {
    return "EncryptionContext[" + pairs + " pairs]";
  }

  /// Ordered by key. String.compareTo would not do: it puts a surrogate pair before U+E000, UTF-8
  /// after U+FFFF.
  private static final class Pair implements Comparable<Pair> {

    final byte[] key;
    final byte[] value;

    Pair(byte[] key, byte[] value) {
      this.key = key;
      this.value = value;
    }

    @Override
    public int compareTo(Pair other) {
      return Arrays.compareUnsigned(key, other.key);
    }
  }
}
