package dev.keybroker.embedded.kms;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// The Signature Version 4 that a request carries in its `Authorization` header.
///
/// @param date the day of the credential scope, `yyyyMMdd`
record Signature(
    String accessKeyId,
    String date,
    String region,
    String service,
    List<String> signedHeaders,
    String signature) {

  private static final Pattern HEADER =
      Pattern.compile(
          "AWS4-HMAC-SHA256 +Credential=([^/,]+)/(\\d{8})/([^/,]+)/([^/,]+)/aws4_request, *"
              + "SignedHeaders=([^, ]+), *Signature=([0-9a-f]{64})");

  /// The signature of `request`; null where it has none that can be read.
  static @Nullable Signature of(HttpRequest request) {
    String header = request.header("Authorization");
    Matcher matcher = header == null ? null : HEADER.matcher(header.trim());
    if (matcher == null || !matcher.matches()) {
      return null;
    }
    return new Signature(
        matcher.group(1),
        matcher.group(2),
        matcher.group(3),
        matcher.group(4),
        List.of(matcher.group(5).split(";")),
        matcher.group(6));
  }

  /// Whether the holder of `secretAccessKey` signed `request` as it stands.
  boolean verify(HttpRequest request, String secretAccessKey) {
    String time = request.header("X-Amz-Date");
    if (time == null || !time.startsWith(date) || !signedHeaders.contains("host")) {
      return false;
    }
    String toSign =
        String.join(
            "\n",
            "AWS4-HMAC-SHA256",
            time,
            date + "/" + region + "/" + service + "/aws4_request",
            sha256(canonical(request).getBytes(StandardCharsets.UTF_8)));
    byte[] key = ("AWS4" + secretAccessKey).getBytes(StandardCharsets.UTF_8);
    for (String part : List.of(date, region, service, "aws4_request", toSign)) {
      key = hmac(key, part);
    }
    return MessageDigest.isEqual(key, HexFormat.of().parseHex(signature));
  }

  private String canonical(HttpRequest request) {
    String path = request.uri().getRawPath();
    String query = request.uri().getRawQuery();
    String headers =
        signedHeaders.stream()
            .map(name -> name + ":" + value(request, name) + "\n")
            .collect(Collectors.joining());
    return String.join(
        "\n",
        request.method(),
        path == null || path.isEmpty() ? "/" : path,
        query == null
            ? ""
            : Arrays.stream(query.split("&")).sorted().collect(Collectors.joining("&")),
        headers,
        String.join(";", signedHeaders),
        sha256(request.body()));
  }

  private static String value(HttpRequest request, String name) {
    List<String> values = request.headers().get(name.toLowerCase(Locale.ROOT));
    return values == null
        ? ""
        : values.stream()
            .map(value -> value.trim().replaceAll(" +", " "))
            .collect(Collectors.joining(","));
  }

  private static String sha256(byte[] content) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] hmac(byte[] key, String text) {
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      return mac.doFinal(text.getBytes(StandardCharsets.UTF_8));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
