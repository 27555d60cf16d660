package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.KeyPairSpec;
import io.quarkus.test.junit.QuarkusTest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/// The clients' own builds and tests, against this broker, with a keystore of each spec. Each
/// client also reads what the others wrote, and the player of the JavaScript client runs in
/// Chromium. They get what they need from package registries, so they run only if the system
/// property `keybroker.clients` says so, as in `.ci/run`.
@QuarkusTest
@EnabledIfSystemProperty(named = "keybroker.clients", matches = "true")
class ClientsTest extends BrokerTestCase {
  private static final long LONGEST_MINUTES = 20;
  private static final Path PYTHON = Path.of("src/clients/python");
  private static final Path JAVA_SCRIPT = Path.of("src/clients/js");

  @Test
  void clients_passTheirTests_andReadEachOthersFiles() throws Exception {
    Path folder = Files.createDirectories(Path.of("target/clients")).toAbsolutePath();
    Path files = Files.createTempDirectory(folder, "files-");
    Map<String, String> environment = environment();
    environment.put("KEYBROKER_FILES", files.toString());
    String python = python().toString();

    // Each reads the files that are there, and then adds its own.
    python(environment, python);
    javaScript(environment);
    run(
        environment,
        Path.of("."),
        "./mvnw",
        "-B",
        "--no-transfer-progress",
        "-f",
        "src/clients",
        "-Pman",
        "verify");
    python(environment, python);
    javaScript(environment);
    for (String client : List.of("java", "js", "python")) {
      assertTrue(Files.exists(files.resolve(client + ".kbr")), client);
    }
  }

  /// The environment that `.ci/run` installed the client into.
  private static Path python() {
    Path python = Path.of("target/tools/python/bin/python").toAbsolutePath();
    assertTrue(Files.exists(python), "no " + python + ": .ci/run makes it");
    return python;
  }

  @Test
  void player_inChromium_playsRecordings() throws Exception {
    Files.createDirectories(Path.of("target/clients"));
    assertTrue(
        Files.exists(JAVA_SCRIPT.resolve("node_modules")),
        "no node_modules: .ci/run installs them");
    run(environment(), JAVA_SCRIPT, "node", "--test", "player/test/");
  }

  private Map<String, String> environment() {
    Map<String, String> environment = new HashMap<>();
    environment.put("KEYBROKER_ADDRESS", "127.0.0.1:" + address.grpcPort());
    environment.put(
        "KEYBROKER_KEYSTORES",
        Arrays.stream(KeyPairSpec.values())
            .map(spec -> keystores.shared(spec).name())
            .collect(Collectors.joining(",")));
    return environment;
  }

  private static void python(Map<String, String> environment, String python) throws Exception {
    run(environment, PYTHON, python, "-m", "unittest", "discover", "-s", "tests");
  }

  private static void javaScript(Map<String, String> environment) throws Exception {
    run(environment, JAVA_SCRIPT, "node", "--test", "test/");
  }

  private static void run(Map<String, String> environment, Path folder, String... command)
      throws Exception {
    Path output = Path.of("target/clients/output.txt");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    builder.environment().putAll(environment);
    Process process = builder.start();
    try {
      assertTrue(process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES), () -> "hangs: " + command[0]);
      assertEquals(0, process.exitValue(), () -> String.join(" ", command) + "\n" + text(output));
    } finally {
      process.destroyForcibly();
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
