package dev.keybroker.crypto;

import java.util.Base64;

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
    try {
      byte[] key = Base64.getDecoder().decode(text.strip());
      if (key.length >= MIN_SIZE) {
        return key;
      }
    } catch (IllegalArgumentException e) {
      // Reported below, without the text.
    }
    throw new IllegalStateException(
        "%s is not the base64 of at least %d bytes".formatted(source, MIN_SIZE));
  }
}
