package dev.keybroker.crypto;

import java.util.Base64;
import org.jspecify.annotations.Nullable;

/// Parses the keys of message authentication codes (HMAC-SHA-256) from settings and files.
public final class MacKey {
  /// The minimum size of a key, in bytes: that of the hash (RFC 2104, section 3).
  public static final int MIN_SIZE = 32;

  private MacKey() {}

  /// Reads a key.
  ///
  /// @param source where the text comes from, for the message
  /// @param text base64 of at least [#MIN_SIZE] bytes
  /// @throws IllegalStateException if the text is not valid; the message does not contain the text,
  ///     which is a secret
  public static byte[] parse(String source, String text) {
    byte[] key = decoded(text);
    if (key == null) {
      throw new IllegalStateException(
          "%s is not the base64 of at least %d bytes".formatted(source, MIN_SIZE));
    }
    return key;
  }

  /// Whether the text is a key that [#parse] reads.
  public static boolean isKey(String text) {
    return decoded(text) != null;
  }

  private static byte @Nullable [] decoded(String text) {
    try {
      byte[] key = Base64.getDecoder().decode(text.strip());
      return key.length < MIN_SIZE ? null : key;
    } catch (IllegalArgumentException e) {
      return null;
    }
  }
}
