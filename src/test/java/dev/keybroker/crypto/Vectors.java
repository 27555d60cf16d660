package dev.keybroker.crypto;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Assumptions;

/// Finds and reads test vectors: our own as resources, Wycheproof's beside the project.
///
/// Wycheproof's files (https://github.com/C2SP/wycheproof) are looked for in the folder that the
/// system property `keybroker.wycheproof` names, and else in `shared/vectors/wycheproof` of each
/// folder above this one; a test that misses its file is skipped.
final class Vectors {

  private static final HexFormat HEX = HexFormat.of();

  private Vectors() {}

  static JsonNode resource(String name) throws IOException {
    try (InputStream in =
        Objects.requireNonNull(Vectors.class.getResourceAsStream("/" + name), name)) {
      return new ObjectMapper().readTree(in);
    }
  }

  /// The groups of a Wycheproof file.
  static List<JsonNode> wycheproof(String name) throws IOException {
    Path file = wycheproofFolder().resolve(name);
    Assumptions.assumeTrue(Files.isReadable(file), () -> "no " + name);
    List<JsonNode> groups = new ArrayList<>();
    new ObjectMapper().readTree(file.toFile()).get("testGroups").forEach(groups::add);
    return groups;
  }

  private static Path wycheproofFolder() {
    String configured = System.getProperty("keybroker.wycheproof");
    if (configured != null) {
      return Path.of(configured);
    }
    Path project = Path.of("").toAbsolutePath();
    for (Path folder = project; folder != null; folder = folder.getParent()) {
      Path candidate = folder.resolve("shared/vectors/wycheproof");
      if (Files.isDirectory(candidate)) {
        return candidate;
      }
    }
    return project;
  }

  static byte[] bytes(JsonNode node, String field) {
    return HEX.parseHex(text(node, field));
  }

  static String text(JsonNode node, String field) {
    return Objects.requireNonNull(node.get(field), field).asText();
  }
}
