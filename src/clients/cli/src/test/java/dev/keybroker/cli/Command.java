package dev.keybroker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs the packaged command, as a user does: the executable jar, or what {@code KEYBROKER_COMMAND}
 * names, e.g. the native executable.
 */
final class Command {
  private static final long LONGEST_MINUTES = 5;

  private final Path folder;

  Command(Path folder) {
    this.folder = folder;
  }

  /** What a run left behind. */
  record Run(int code, byte[] output, String error) {
    String text() {
      return new String(output, StandardCharsets.UTF_8);
    }

    Run exits(int expected) {
      assertEquals(expected, code, error);
      return this;
    }
  }

  static List<String> keybroker() {
    String command = System.getenv("KEYBROKER_COMMAND");
    return command != null
        ? List.of(command)
        : List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx64m",
            "-jar",
            Path.of("target/keybroker.jar").toAbsolutePath().toString());
  }

  Run run(String... arguments) throws Exception {
    return run(Files.write(folder.resolve("nothing"), new byte[0]), arguments);
  }

  /** Runs with a file as the standard input. */
  Run run(Path input, String... arguments) throws Exception {
    List<String> command = new ArrayList<>(keybroker());
    command.addAll(List.of(arguments));
    return finished(
        new ProcessBuilder(command).redirectInput(input.toFile()).directory(folder.toFile()));
  }

  /** Runs lines of a shell, for which {@code keybroker} is a command. */
  Run shell(String script, String... environment) throws Exception {
    Path file = folder.resolve("script.sh");
    String command = "'" + String.join("' '", keybroker()) + "'";
    Files.writeString(file, "keybroker() { " + command + " \"$@\"; }\n" + script);
    ProcessBuilder bash =
        new ProcessBuilder("bash", "-euo", "pipefail", file.toString()).directory(folder.toFile());
    for (int i = 0; i < environment.length; i += 2) {
      bash.environment().put(environment[i], environment[i + 1]);
    }
    return finished(bash);
  }

  private Run finished(ProcessBuilder builder) throws Exception {
    Path output = Files.createTempFile(folder, "output", "");
    Path error = Files.createTempFile(folder, "error", "");
    Process process = builder.redirectOutput(output.toFile()).redirectError(error.toFile()).start();
    try {
      assertTrue(process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES), "it hangs");
      return new Run(process.exitValue(), Files.readAllBytes(output), Files.readString(error));
    } finally {
      process.destroyForcibly();
      Files.delete(output);
      Files.delete(error);
    }
  }

  static boolean isOnPath(String command) {
    for (String part : System.getenv("PATH").split(java.io.File.pathSeparator)) {
      if (Files.isExecutable(Path.of(part, command))) {
        return true;
      }
    }
    return false;
  }

  /** The names of a folder's files, hidden ones too. */
  static List<String> names(Path folder) throws IOException {
    try (var files = Files.list(folder)) {
      return files.map(it -> it.getFileName().toString()).sorted().toList();
    }
  }
}
