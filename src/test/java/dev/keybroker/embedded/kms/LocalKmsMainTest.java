package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
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
}
