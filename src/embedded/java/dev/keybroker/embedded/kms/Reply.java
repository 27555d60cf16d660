package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;

/// An HTTP answer.
@SuppressWarnings("ArrayRecordComponent") // never compared
record Reply(int status, String contentType, byte[] body) {

  static Reply json(int status, String contentType, JsonNode body) {
    return new Reply(status, contentType, Json.bytes(body));
  }

  static Reply xml(int status, String body) {
    return new Reply(status, "text/xml", body.getBytes(StandardCharsets.UTF_8));
  }

  /// What no protocol of AWS can read.
  static Reply garbage() {
    return new Reply(
        200, "application/octet-stream", "}{ garbage <".getBytes(StandardCharsets.UTF_8));
  }
}
