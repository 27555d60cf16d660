package dev.keybroker.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/// Renders a folder of `k8s/` with `kubectl` or `kustomize`, whichever is there; where neither is,
/// CI fails and other builds skip.
final class Kustomize {
  static final Path ROOT = Path.of("k8s");
  private static final long LONGEST_RUN_SECONDS = 60;
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Map<Path, List<JsonNode>> RENDERED = new ConcurrentHashMap<>();

  private Kustomize() {}

  /// Every folder that is applied as it is.
  static Stream<Path> overlays() throws IOException {
    return kustomizations("Kustomization");
  }

  /// Every part that an overlay may take.
  static Stream<Path> components() throws IOException {
    return kustomizations("Component");
  }

  private static Stream<Path> kustomizations(String kind) throws IOException {
    List<Path> folders = new ArrayList<>();
    try (Stream<Path> files = Files.walk(ROOT)) {
      for (Path file : files.filter(it -> it.endsWith("kustomization.yaml")).sorted().toList()) {
        if (YAML.readTree(file.toFile()).get("kind").textValue().equals(kind)) {
          folders.add(file.getParent());
        }
      }
    }
    return folders.stream();
  }

  /// The objects that the folder gives.
  static List<JsonNode> render(Path folder) {
    return RENDERED.computeIfAbsent(folder, Kustomize::build);
  }

  /// The objects of the base with one component, in a folder made for it.
  static List<JsonNode> renderWith(Path component) throws IOException {
    Path folder =
        Files.createDirectories(
            Path.of("target", "kustomize", ROOT.relativize(component).toString()));
    Files.writeString(
        folder.resolve("kustomization.yaml"),
        """
        apiVersion: kustomize.config.k8s.io/v1beta1
        kind: Kustomization
        namespace: keybroker
        resources:
          - %s
        components:
          - %s
        """
            .formatted(folder.relativize(ROOT.resolve("base")), folder.relativize(component)));
    return build(folder);
  }

  private static List<JsonNode> build(Path folder) {
    try {
      Process process =
          new ProcessBuilder(command(folder)).redirectError(ProcessBuilder.Redirect.PIPE).start();
      // Some kilobytes: neither pipe fills before the other is read.
      byte[] out = process.getInputStream().readAllBytes();
      String errors = new String(process.getErrorStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(process.waitFor(LONGEST_RUN_SECONDS, TimeUnit.SECONDS));
      assertEquals(0, process.exitValue(), errors);
      assertEquals("", errors, "Kustomize warns");
      return parse(out);
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  private static List<JsonNode> parse(byte[] documents) throws IOException {
    try (MappingIterator<JsonNode> objects = YAML.readerFor(JsonNode.class).readValues(documents)) {
      return objects.readAll();
    }
  }

  private static List<String> command(Path folder) {
    Path installed = Path.of("target", "tools", "kubectl").toAbsolutePath();
    if (Files.isExecutable(installed)) {
      return List.of(installed.toString(), "kustomize", folder.toString());
    }
    if (isOnPath("kubectl")) {
      return List.of("kubectl", "kustomize", folder.toString());
    }
    boolean present = isOnPath("kustomize");
    String message = "kubectl or kustomize is needed to render k8s/";
    if (Boolean.parseBoolean(System.getenv("CI"))) {
      assertTrue(present, message);
    }
    Assumptions.assumeTrue(present, message);
    return List.of("kustomize", "build", folder.toString());
  }

  private static boolean isOnPath(String command) {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, command)));
  }
}
