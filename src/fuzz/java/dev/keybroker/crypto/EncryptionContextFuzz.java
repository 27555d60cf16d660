package dev.keybroker.crypto;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/// The encoding of a context can be read back to the pairs that went in, so no two contexts share
/// one; the order of the pairs leaves no trace; only text that UTF-8 cannot write is refused.
public final class EncryptionContextFuzz {
  private EncryptionContextFuzz() {}

  public static void fuzzerTestOneInput(FuzzedDataProvider data) {
    SequencedMap<String, String> pairs = new LinkedHashMap<>();
    int most = data.consumeInt(0, 2 * EncryptionContext.MAX_PAIRS);
    while (pairs.size() < most && data.remainingBytes() > 0) {
      pairs.put(
          data.consumeString(EncryptionContext.MAX_KEY_BYTES),
          data.consumeString(EncryptionContext.MAX_VALUE_BYTES));
    }

    EncryptionContext context;
    try {
      context = EncryptionContext.of(pairs);
    } catch (IllegalArgumentException e) {
      holds(!isText(pairs), "refused text");
      return;
    }

    holds(isText(pairs), "took what is no text");
    byte[] encoded = context.encoded();
    Map<String, String> decoded = decode(encoded);
    holds(decoded.equals(pairs), "reads back as other pairs");
    holds(context.pairs() == pairs.size(), "counts the pairs wrongly");
    holds(context.totalBytes() == totalBytes(pairs), "counts the bytes wrongly");
    EncryptionContext reversed = EncryptionContext.of(pairs.reversed());
    holds(Arrays.equals(encoded, reversed.encoded()), "depends on the order");
    holds(context.equals(reversed) && context.hashCode() == reversed.hashCode(), "unlike itself");
    List<String> shuffled = new ArrayList<>(pairs.keySet());
    Collections.rotate(shuffled, 1);
    SequencedMap<String, String> rotated = new LinkedHashMap<>();
    shuffled.forEach(key -> rotated.put(key, pairs.get(key)));
    holds(context.equals(EncryptionContext.of(rotated)), "depends on the order");
  }

  /// Reads an encoding without the code under test; each byte must belong to a pair.
  private static Map<String, String> decode(byte[] encoded) {
    ByteBuffer in = ByteBuffer.wrap(encoded);
    Map<String, String> pairs = new LinkedHashMap<>();
    byte[] before = null;
    for (int left = in.getInt(); left > 0; left--) {
      byte[] key = new byte[in.getInt()];
      in.get(key);
      byte[] value = new byte[in.getInt()];
      in.get(value);
      holds(before == null || Arrays.compareUnsigned(before, key) < 0, "keys out of order");
      before = key;
      pairs.put(new String(key, UTF_8), new String(value, UTF_8));
    }
    holds(!in.hasRemaining(), "bytes after the last pair");
    return pairs;
  }

  private static boolean isText(Map<String, String> pairs) {
    try {
      for (Map.Entry<String, String> pair : pairs.entrySet()) {
        UTF_8.newEncoder().encode(CharBuffer.wrap(pair.getKey()));
        UTF_8.newEncoder().encode(CharBuffer.wrap(pair.getValue()));
      }
      return true;
    } catch (CharacterCodingException e) {
      return false;
    }
  }

  private static int totalBytes(Map<String, String> pairs) {
    return pairs.entrySet().stream()
        .mapToInt(p -> p.getKey().getBytes(UTF_8).length + p.getValue().getBytes(UTF_8).length)
        .sum();
  }
}
