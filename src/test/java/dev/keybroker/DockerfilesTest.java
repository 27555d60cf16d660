package dev.keybroker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What is promised of the container images, as far as their Dockerfiles tell it.
class DockerfilesTest {
  private static final Pattern IMAGE = Pattern.compile("ARG \\w+_IMAGE=(\\S+)");
  private static final Pattern PINNED =
      Pattern.compile("\\S+/\\S+(:(?!latest$)[\\w.-]+|@sha256:[0-9a-f]{64})");
  private static final Pattern NON_ROOT = Pattern.compile("USER [1-9]\\d{3,}:[1-9]\\d{3,}");
  private static final Pattern SECRET =
      Pattern.compile("(?i)^(ENV|ARG|LABEL) .*(password|secret|token|credential|mac.?key)");

  static Stream<Path> dockerfiles() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("src/main/docker"))) {
      return files.filter(Files::isRegularFile).toList().stream();
    }
  }

  /// The instructions, one a line, without comments.
  private static List<String> instructions(Path dockerfile) throws IOException {
    return Files.readString(dockerfile)
        .replaceAll("(?m)^#.*\n", "")
        .replaceAll("\\\\\n\\s*", "")
        .lines()
        .filter(line -> !line.isBlank())
        .toList();
  }

  private static List<String> lastStage(Path dockerfile) throws IOException {
    List<String> all = instructions(dockerfile);
    int from = 0;
    for (int i = 0; i < all.size(); i++) {
      if (all.get(i).startsWith("FROM ")) {
        from = i;
      }
    }
    return all.subList(from, all.size());
  }

  @ParameterizedTest
  @MethodSource("dockerfiles")
  void baseImages_areNamedWithATag(Path dockerfile) throws IOException {
    List<String> all = instructions(dockerfile);
    List<String> images =
        all.stream()
            .map(IMAGE::matcher)
            .filter(image -> image.matches())
            .map(image -> image.group(1))
            .toList();

    assertFalse(images.isEmpty());
    assertEquals(
        List.of(), images.stream().filter(image -> !PINNED.matcher(image).matches()).toList());
    assertTrue(
        all.stream()
            .filter(line -> line.startsWith("FROM "))
            .allMatch(line -> line.matches("FROM \\$\\{\\w+_IMAGE}( AS \\w+)?")),
        "an image that no ARG names");
  }

  @ParameterizedTest
  @MethodSource("dockerfiles")
  void process_isNotRootAndNeedsNoShell(Path dockerfile) throws IOException {
    List<String> stage = lastStage(dockerfile);

    assertEquals(
        1, stage.stream().filter(line -> NON_ROOT.matcher(line).matches()).count(), "USER");
    assertEquals(
        1, stage.stream().filter(line -> line.startsWith("ENTRYPOINT [\"")).count(), "ENTRYPOINT");
    assertEquals(
        List.of(),
        stage.stream()
            .filter(line -> line.matches("(RUN|SHELL|VOLUME|ADD|HEALTHCHECK) .*"))
            .toList());
  }

  /// A JVM whose options of module access differ from those of the training run ignores the cache.
  @Test
  void jvmImage_startsWithTheAotCacheOfItsBuild() throws IOException {
    List<String> all = instructions(Path.of("src/main/docker/Dockerfile.jvm"));
    String start = all.getLast();

    assertTrue(
        all.stream()
            .anyMatch(line -> line.matches("RUN .*-Dquarkus.package.jar.aot.enabled .*IT .*")));
    assertTrue(
        all.contains("COPY --from=build /code/target/quarkus-app/app.aot /keybroker/"), "COPY");
    assertTrue(start.contains("\"-XX:AOTCache=/keybroker/app.aot\""), start);
    assertFalse(start.contains("\"--"), start);
  }

  @ParameterizedTest
  @MethodSource("dockerfiles")
  void image_holdsNoSecret(Path dockerfile) throws IOException {
    assertEquals(
        List.of(),
        instructions(dockerfile).stream().filter(line -> SECRET.matcher(line).find()).toList());
  }

  @Test
  void context_isAListOfWhatTheBuildsRead() throws IOException {
    List<String> ignored =
        Files.readAllLines(Path.of(".dockerignore")).stream()
            .filter(line -> !line.startsWith("#"))
            .toList();

    assertEquals("*", ignored.getFirst());
    assertTrue(ignored.stream().skip(1).allMatch(line -> line.startsWith("!")), ignored::toString);
  }
}
