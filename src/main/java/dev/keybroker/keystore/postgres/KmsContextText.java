package dev.keybroker.keystore.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keybroker.kms.KmsContext;
import java.util.Map;
import java.util.TreeMap;

/// The column `kms_context`: a JSON object of texts, with its keys sorted.
final class KmsContextText {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, String>> PAIRS = new TypeReference<>() {};

  private KmsContextText() {}

  static String write(KmsContext context) {
    try {
      return JSON.writeValueAsString(new TreeMap<>(context.pairs()));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  static KmsContext read(String text) {
    try {
      return new KmsContext(JSON.readValue(text, PAIRS));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("column kms_context is not a JSON object of texts", e);
    }
  }
}
