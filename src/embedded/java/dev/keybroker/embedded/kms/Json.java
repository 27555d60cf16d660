package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Instant;

/// Reads and writes the JSON of requests and answers.
final class Json {

  private static final ObjectMapper MAPPER = JsonMapper.builder().build();

  private Json() {}

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /// The object that `text` holds.
  ///
  /// @throws IOException if it is not a JSON object
  static ObjectNode parse(byte[] text) throws IOException {
    if (MAPPER.readTree(text) instanceof ObjectNode object) {
      return object;
    }
    throw new IOException("not a JSON object");
  }

  static JsonNode parse(String text) throws IOException {
    return MAPPER.readTree(text);
  }

  static byte[] bytes(JsonNode node) {
    try {
      return MAPPER.writeValueAsBytes(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static JsonNode tree(Object value) {
    return MAPPER.valueToTree(value);
  }

  /// A timestamp as AWS JSON 1.1 spells it: seconds since the epoch, with milliseconds.
  static double seconds(Instant time) {
    return time.toEpochMilli() / 1000.0;
  }
}
