package dev.keybroker.embedded.kms;

import java.security.SecureRandom;
import java.util.HexFormat;

/// Random keys, and ids in the shapes that AWS gives them.
final class RandomBytes {

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final String UPPER_CASE = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

  private RandomBytes() {}

  static byte[] next(int length) {
    byte[] bytes = new byte[length];
    RANDOM.nextBytes(bytes);
    return bytes;
  }

  static String hex(int bytes) {
    return HexFormat.of().formatHex(next(bytes));
  }

  /// An id such as `AKIA...` or `AROA...`: the prefix and 16 characters.
  static String id(String prefix) {
    StringBuilder id = new StringBuilder(prefix);
    for (byte b : next(16)) {
      id.append(UPPER_CASE.charAt(b & 31));
    }
    return id.toString();
  }
}
