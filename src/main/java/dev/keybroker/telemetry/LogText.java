package dev.keybroker.telemetry;

import static java.nio.charset.StandardCharsets.UTF_8;

/// Escapes text from outside for the log, so that it can neither start a line nor pass for the
/// broker's own text.
public final class LogText {
  private static final int LONGEST = 512;
  private static final String PLAIN = "-._~:/@+=,";

  private LogText() {}

  /// Escapes an identity or another name to one word. Percent-encodes everything except ASCII
  /// letters, digits and `-._~:/@+=,`, so different names stay different, up to the limit of 512
  /// characters.
  public static String word(String text) {
    StringBuilder word = new StringBuilder(Math.min(text.length(), LONGEST));
    for (byte each : text.getBytes(UTF_8)) {
      if (word.length() >= LONGEST) {
        return word.append("%...").toString();
      }
      char c = (char) (each & 0xFF);
      if (isPlain(c)) {
        word.append(c);
      } else {
        word.append('%').append(String.format("%02X", each & 0xFF));
      }
    }
    return word.toString();
  }

  private static boolean isPlain(char c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || PLAIN.indexOf(c) >= 0;
  }

  /// Puts a message of another system on one line: replaces each control character and line
  /// separator by a space.
  public static String line(String text) {
    StringBuilder line = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean breaks = Character.isISOControl(c) || c == 0x2028 || c == 0x2029;
      line.append(breaks ? ' ' : c);
    }
    return line.toString();
  }
}
