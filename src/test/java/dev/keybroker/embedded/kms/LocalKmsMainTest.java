package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Reader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LocalKmsMainTest {

  private static final int SIGTERM_EXIT = 143;

  @TempDir Path folder = Path.of("");

  @Test
  void process_untilSigterm_answersAtThePrintedEndpoint() throws IOException, InterruptedException {
    Path state = folder.resolve("state.json");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                LocalKmsMain.class.getName(),
                "--port",
                "0",
                "--state",
                state.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out = process.inputReader();
        HttpClient http = HttpClient.newHttpClient()) {
      URI endpoint = URI.create(out.readLine());
      HttpRequest makeRoot =
          HttpRequest.newBuilder(endpoint.resolve("/_local/principals"))
              .POST(HttpRequest.BodyPublishers.ofString("{\"account\":\"111122223333\"}"))
              .build();
      assertEquals(200, http.send(makeRoot, BodyHandlers.ofString()).statusCode());
      process.toHandle().destroy();
      assertTrue(process.waitFor(10, TimeUnit.SECONDS));
      assertEquals(SIGTERM_EXIT, process.exitValue());
      assertTrue(Files.readString(state).contains("arn:aws:iam::111122223333:root"));
    } finally {
      process.destroyForcibly();
    }
  }

  @Test
  void credentialsMain_forARunningLocalKms_writesTheSameSettingsEachTime() throws Exception {
    Path file = folder.resolve("local-kms.properties");
    String[] args;
    try (LocalKms kms = LocalKms.start(LocalKmsOptions.inMemory())) {
      args = new String[] {kms.endpoint().toString(), file.toString()};
      LocalKmsCredentialsMain.main(args);
      Properties first = properties(file);
      LocalKmsCredentialsMain.main(args);

      assertEquals(first, properties(file));
      LocalCredentials broker =
          kms.principal("111122223333", "keybroker", LocalKms.ADMINISTRATOR_ACCESS);
      String prefix = "quarkus.kms.aws.credentials.static-provider.";
      assertEquals(
          Map.of(
              prefix + "access-key-id", broker.accessKeyId(),
              prefix + "secret-access-key", broker.secretAccessKey()),
          first);
    }
  }

  private static Properties properties(Path file) throws IOException {
    Properties properties = new Properties();
    try (Reader in = Files.newBufferedReader(file)) {
      properties.load(in);
    }
    return properties;
  }
}
