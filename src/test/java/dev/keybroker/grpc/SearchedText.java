package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Base64;
import java.util.HexFormat;

/// Bytes that are searched for a secret: as it is, in hexadecimal of either case, and in base64.
final class SearchedText {
  // One char a byte, so that bytes and texts are searched alike.
  private final StringBuilder text = new StringBuilder();

  SearchedText add(byte[] content) {
    text.append(new String(content, ISO_8859_1)).append('\n');
    return this;
  }

  boolean contains(byte[] secret) {
    return has(new String(secret, ISO_8859_1))
        || has(HexFormat.of().formatHex(secret))
        || has(HexFormat.of().withUpperCase().formatHex(secret))
        || has(Base64.getEncoder().withoutPadding().encodeToString(secret))
        || has(Base64.getUrlEncoder().withoutPadding().encodeToString(secret));
  }

  private boolean has(String form) {
    return text.indexOf(form) >= 0;
  }
}
