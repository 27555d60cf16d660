package dev.keybroker.kubernetes;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every setting in a ConfigMap or Secret of `k8s/` is one that the broker has and reads when it
/// starts: Quarkus ignores others with a warning that nobody reads.
class SettingsTest {
  private static final String MODEL = "META-INF/quarkus-config-doc/quarkus-config-model.json";
  private static final Path REFERENCE = Path.of("src/docs/configuration.md");
  private static final Pattern ROW = Pattern.compile("(?m)^\\| `(keybroker\\.[^`]+)` \\|");
  private static final Pattern INJECTED =
      Pattern.compile("@ConfigProperty\\(\\s*name = \"(keybroker\\.[^\"]+)\"");
  private static final Pattern PLACEHOLDER = Pattern.compile("\"[^\"]+\"");

  static Stream<Overlay> deployments() throws IOException {
    return ManifestsTest.deployments();
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void settings_ofEveryOverlay_areRuntimeSettingsOfTheBroker(Overlay overlay) throws IOException {
    Set<String> settings = Settings.given(overlay).keySet();
    assertFalse(settings.isEmpty());
    List<Pattern> known = known();

    assertEquals(
        Set.of(),
        settings.stream()
            .filter(setting -> known.stream().noneMatch(it -> it.matcher(setting).matches()))
            .collect(toSet()));
  }

  @Test
  void known_settings_areNeitherMisspeltNorOfTheBuild() throws IOException {
    List<Pattern> known = known();
    for (String setting :
        List.of(
            "quarkus.grpc.server.port",
            "quarkus.shutdown.timeout",
            "quarkus.log.category.\"dev.keybroker\".level",
            "quarkus.log.category.dev-keybroker.level",
            "quarkus.kms.aws.region",
            "keybroker.redis.mac-key",
            "keybroker.kms-context.extra.stage")) {
      assertTrue(known.stream().anyMatch(it -> it.matcher(setting).matches()), setting);
    }
    for (String setting :
        List.of(
            "quarkus.grpc.server.prot",
            "quarkus.datasource.db-kind",
            "keybroker.redis.mackey",
            "keybroker.redis")) {
      assertTrue(known.stream().noneMatch(it -> it.matcher(setting).matches()), setting);
    }
  }

  /// The names that Quarkus' extensions and the broker's reference give, with a gap for each name
  /// that the deployment chooses.
  private static List<Pattern> known() throws IOException {
    Set<String> names = new HashSet<>();
    for (URL model : Collections.list(SettingsTest.class.getClassLoader().getResources(MODEL))) {
      collect(new JsonMapper().readTree(model), names);
    }
    ROW.matcher(Files.readString(REFERENCE)).results().forEach(row -> names.add(row.group(1)));
    try (Stream<Path> sources = Files.walk(Path.of("src/main/java"))) {
      for (Path source : sources.filter(it -> it.toString().endsWith(".java")).toList()) {
        INJECTED
            .matcher(Files.readString(source))
            .results()
            .forEach(name -> names.add(name.group(1)));
      }
    }
    return names.stream().map(SettingsTest::pattern).toList();
  }

  private static void collect(JsonNode node, Set<String> names) {
    if (node.path("phase").asText().equals("RUN_TIME")) {
      addPath(node.get("path"), names);
      node.path("additionalPaths").forEach(path -> addPath(path, names));
    }
    node.forEach(child -> collect(child, names));
  }

  private static void addPath(JsonNode path, Set<String> names) {
    names.add(path.get("property").textValue());
  }

  private static Pattern pattern(String name) {
    StringBuilder pattern = new StringBuilder();
    int end = 0;
    for (var gap : PLACEHOLDER.matcher(name).results().toList()) {
      pattern.append(Pattern.quote(name.substring(end, gap.start())));
      pattern.append("(?:\"[^\"]+\"|[^.\"]+)");
      end = gap.end();
    }
    // A list's entries may be numbered.
    return Pattern.compile(pattern + Pattern.quote(name.substring(end)) + "(?:\\[\\d+])?");
  }
}
