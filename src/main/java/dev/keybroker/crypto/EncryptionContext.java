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

  /// How many numbers say where a pair is within an array: the offset and the length of its key,
  /// then those of its value.
  public static final int PLACES = 4;

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

  /// Creates the context of pairs that are UTF-8 within an array. Sorts the places; leaves the text
  /// as it is.
  ///
  /// @param places [#PLACES] numbers for each pair
  /// @return null if two pairs have the same key
  public static @Nullable EncryptionContext ofUtf8(byte[] text, int[] places, int pairs) {
    if (pairs == 0) {
      return EMPTY;
    }
    int size = 4;
    for (int last = 0; last < PLACES * pairs; last += PLACES) {
      size += 8 + places[last + 1] + places[last + 3];
      for (int at = last; at > 0; at -= PLACES) {
        int order = compareKeys(text, places, at - PLACES, at);
        if (order == 0) {
          return null;
        }
        if (order > 0) {
          swap(places, at - PLACES, at);
        }
      }
    }
    ByteBuffer encoded = ByteBuffer.allocate(size).putInt(pairs);
    for (int at = 0; at < PLACES * pairs; at += 2) {
      encoded.putInt(places[at + 1]).put(text, places[at], places[at + 1]);
    }
    return new EncryptionContext(pairs, encoded.array());
  }

  private static int compareKeys(byte[] text, int[] places, int one, int other) {
    return Arrays.compareUnsigned(
        text,
        places[one],
        places[one] + places[one + 1],
        text,
        places[other],
        places[other] + places[other + 1]);
  }

  private static void swap(int[] places, int one, int other) {
    for (int i = 0; i < PLACES; i++) {
      int kept = places[one + i];
      places[one + i] = places[other + i];
      places[other + i] = kept;
    }
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

  /// Returns the value of a key; null if there is none.
  public @Nullable String value(String key) {
    byte[] wanted = key.getBytes(UTF_8);
    int at = 4;
    for (int pair = 0; pair < pairs; pair++) {
      int keyEnd = endOfText(at);
      int valueEnd = endOfText(keyEnd);
      if (Arrays.equals(encoded, at + 4, keyEnd, wanted, 0, wanted.length)) {
        return new String(encoded, keyEnd + 4, valueEnd - keyEnd - 4, UTF_8);
      }
      at = valueEnd;
    }
    return null;
  }

  private int endOfText(int at) {
    return at + 4 + ByteBuffer.wrap(encoded).getInt(at);
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
