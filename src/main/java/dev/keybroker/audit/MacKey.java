package dev.keybroker.audit;

import java.util.Base64;

/// Parses the key of the audit trail's MACs from settings and files.
public final class MacKey {
  private MacKey() {}

  /// Reads a key.
  ///
  /// @param source where the text comes from, for the message
  /// @param text base64 of at least [RecordHash#MIN_KEY_SIZE] bytes
  /// @throws IllegalStateException if the text is not valid; the message does not contain the text,
  ///     which is a secret
  public static byte[] parse(String source, String text) {
    try {
      byte[] key = Base64.getDecoder().decode(text);
      if (key.length >= RecordHash.MIN_KEY_SIZE) {
        return key;
      }
    } catch (IllegalArgumentException e) {
      // Reported below, without the text.
    }
    throw new IllegalStateException(
        "%s is not the base64 of at least %d bytes".formatted(source, RecordHash.MIN_KEY_SIZE));
  }
}
