package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/// Bytes that are searched for a secret: as it is, in hexadecimal of either case, and in base64.
final class SearchedText {
  private final String text;
  private final String lowerCase;

  SearchedText(List<byte[]> contents) {
    // One char a byte, so that bytes and texts are searched alike.
    text =
        contents.stream()
            .map(each -> new String(each, ISO_8859_1))
            .collect(Collectors.joining("\n"));
    lowerCase = text.toLowerCase(Locale.ROOT);
  }

  boolean contains(byte[] secret) {
    return text.contains(new String(secret, ISO_8859_1))
        || lowerCase.contains(HexFormat.of().formatHex(secret))
        || text.contains(Base64.getEncoder().withoutPadding().encodeToString(secret))
        || text.contains(Base64.getUrlEncoder().withoutPadding().encodeToString(secret));
  }
}
