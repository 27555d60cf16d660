package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.Writer;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;

/// Writes the broker's credentials at a [LocalKms] to a file of settings: `{endpoint} {file}`.
/// Makes the broker's user if need be, and waits for the local KMS to answer.
public final class LocalKmsCredentialsMain {
  private static final String ACCOUNT = "111122223333";
  private static final String PREFIX = "quarkus.kms.aws.credentials.static-provider.";
  private static final Duration BETWEEN_ATTEMPTS = Duration.ofSeconds(1);
  private static final JsonMapper JSON = new JsonMapper();

  private LocalKmsCredentialsMain() {}

  /// Ends when the file is written.
  public static void main(String[] args) throws IOException, InterruptedException {
    if (args.length != 2) {
      throw new IllegalArgumentException("usage: LocalKmsCredentialsMain {endpoint} {file}");
    }
    JsonNode credentials = fetch(URI.create(args[0]).resolve("/_local/principals"));
    Properties settings = new Properties();
    settings.setProperty(PREFIX + "access-key-id", credentials.get("accessKeyId").textValue());
    settings.setProperty(
        PREFIX + "secret-access-key", credentials.get("secretAccessKey").textValue());
    try (Writer out = Files.newBufferedWriter(Path.of(args[1]))) {
      settings.store(out, null);
    }
  }

  private static JsonNode fetch(URI principals) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(principals)
            .timeout(Duration.ofSeconds(5))
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    JSON.writeValueAsString(
                        Map.of(
                            "account",
                            ACCOUNT,
                            "name",
                            "keybroker",
                            "policy",
                            LocalKms.ADMINISTRATOR_ACCESS))))
            .build();
    try (HttpClient http = HttpClient.newHttpClient()) {
      while (true) {
        try {
          var response = http.send(request, BodyHandlers.ofByteArray());
          if (response.statusCode() == 200) {
            return JSON.readTree(response.body());
          }
          throw new IllegalStateException("the local KMS answered " + response.statusCode());
        } catch (IOException e) {
          System.err.println("no answer from " + principals + ": " + e.getMessage());
          Thread.sleep(BETWEEN_ATTEMPTS);
        }
      }
    }
  }
}
