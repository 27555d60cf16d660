package dev.keybroker.kubernetes;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/// The commands of Prometheus, from the path or from where `.ci/run` unpacks them; where they are
/// not, CI fails and other builds skip.
final class Promtool {
  private Promtool() {}

  /// The file of `promtool` or `prometheus`.
  static String command(String name) {
    Stream<Path> folders =
        Stream.concat(
            Stream.of(Path.of("target", "tools").toAbsolutePath()),
            Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
                .map(Path::of));
    String found =
        folders
            .map(folder -> folder.resolve(name))
            .filter(Files::isExecutable)
            .map(Path::toString)
            .findFirst()
            .orElse("");
    String message = name + " is needed (Debian: apt-get install prometheus)";
    if (Boolean.parseBoolean(System.getenv("CI"))) {
      assertTrue(!found.isEmpty(), message);
    }
    Assumptions.assumeTrue(!found.isEmpty(), message);
    return found;
  }
}
