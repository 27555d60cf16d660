package dev.keybroker.crypto;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// One of the format's published test vectors.
///
/// @param z the secret that it encapsulates
@SuppressWarnings("ArrayRecordComponent") // never compared
record Vector(
    KeyPairSpec spec,
    UUID kekId,
    byte[] publicKey,
    byte[] privateKey,
    SecretBytes z,
    byte[] wrapped,
    byte[] dek,
    EncryptionContext context) {
  private static final Path FILE = Path.of("src/test/resources/wrapped-dek-vectors.json");
  private static final ObjectMapper JSON = new ObjectMapper();

  static List<Vector> all() {
    List<Vector> vectors = new ArrayList<>();
    try {
      JSON.readTree(FILE.toFile()).path("vectors").forEach(vector -> vectors.add(of(vector)));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return List.copyOf(vectors);
  }

  private static Vector of(JsonNode vector) {
    return new Vector(
        KeyPairSpec.valueOf(vector.path("spec").asText()),
        UUID.fromString(vector.path("kek_id").asText()),
        bytes(vector, "public_key"),
        bytes(vector, "private_key"),
        SecretBytes.adopt(bytes(vector, "z")),
        bytes(vector, "wrapped_dek"),
        bytes(vector, "dek"),
        EncryptionContext.of(
            JSON.convertValue(
                vector.path("encryption_context"), new TypeReference<Map<String, String>>() {})));
  }

  private static byte[] bytes(JsonNode vector, String field) {
    return HexFormat.of().parseHex(vector.path(field).asText());
  }

  UnwrappingKey unwrappingKey(KeyCodec codec) {
    return codec.parsePrivate(spec, SecretBytes.copyOf(privateKey));
  }
}
