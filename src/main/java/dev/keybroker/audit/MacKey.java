package dev.keybroker.audit;

import java.util.Base64;

/// The key of the audit trail's MACs, as configurations and files hold it.
public final class MacKey {
  private MacKey() {}

  /// Reads a key.
  ///
  /// @param source what holds the text, for the message
  /// @param text base64 of at least [RecordHash#MIN_KEY_SIZE] bytes
  /// @throws IllegalStateException where it is not; without the text, which is a secret
  public static byte[] parse(String source, String text) {
    try {
      byte[] key = Base64.getDecoder().decode(text);
      if (key.length >= RecordHash.MIN_KEY_SIZE) {
        return key;
      }
    } catch (IllegalArgumentException e) {
      // Said below without the text.
    }
    throw new IllegalStateException(
        "%s is not the base64 of at least %d bytes".formatted(source, RecordHash.MIN_KEY_SIZE));
  }
}
