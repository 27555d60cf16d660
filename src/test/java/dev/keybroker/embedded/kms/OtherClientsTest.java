package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The local KMS as boto3 and the AWS CLI see it. Skipped on a machine that does not have them.
@SuppressWarnings("NullAway.Init") // set before each test
class OtherClientsTest extends LocalKmsTestCase {

  private static final String EXTERNAL_ID = "5f2c0e";

  @TempDir Path folder = Path.of("");

  private String role;
  private LocalCredentials credentials;

  @BeforeEach
  void makeRole() {
    credentials = server.principal(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS);
    String trust =
        """
        {"Version":"2012-10-17","Statement":[\
        {"Effect":"Allow","Principal":{"AWS":"%1$s"},"Action":"sts:AssumeRole",\
        "Condition":{"StringEquals":{"sts:ExternalId":"%2$s"}}},\
        {"Effect":"Allow","Principal":{"AWS":"%1$s"},"Action":"sts:TagSession"}]}\
        """
            .formatted(credentials.arn(), EXTERNAL_ID);
    role =
        server.role(
            TENANT,
            "keybroker",
            trust,
            Policies.of(Policies.identity("Allow", "kms:ListKeys", "*")));
  }

  @Test
  void boto3_doesWhatAPlatformTeamDoes() throws Exception {
    assumeTrue(runs("python3", "-c", "import boto3"), "python3 with boto3 is not installed");
    Path script = folder.resolve("boto3_session.py");
    try (InputStream resource = getClass().getResourceAsStream("boto3_session.py")) {
      assertTrue(resource != null);
      Files.copy(resource, script);
    }
    String out = run("python3", script.toString(), server.endpoint().toString(), role, EXTERNAL_ID);
    assertEquals("as expected", out.strip());
  }

  @Test
  void awsCli_doesWhatAPlatformTeamDoes() throws Exception {
    assumeTrue(runs("aws", "--version"), "the AWS CLI is not installed");
    String key = aws("kms", "create-key").at("/KeyMetadata/Arn").asText();
    aws("kms", "create-alias", "--alias-name", "alias/recordings", "--target-key-id", key);
    Path plaintext = Files.writeString(folder.resolve("plaintext"), "secret");
    String blob =
        aws(
                "kms",
                "encrypt",
                "--key-id",
                "alias/recordings",
                "--plaintext",
                "fileb://" + plaintext,
                "--encryption-context",
                "tenant=acme")
            .path("CiphertextBlob")
            .asText();
    Path ciphertext = Files.write(folder.resolve("ciphertext"), Base64.getDecoder().decode(blob));
    JsonNode decrypted =
        aws(
            "kms",
            "decrypt",
            "--ciphertext-blob",
            "fileb://" + ciphertext,
            "--encryption-context",
            "tenant=acme");
    assertEquals(
        "secret", new String(Base64.getDecoder().decode(decrypted.path("Plaintext").asText())));
    assertEquals(key, decrypted.path("KeyId").asText());
    assertEquals(
        "keybroker",
        aws(
                "sts",
                "assume-role",
                "--role-arn",
                role,
                "--role-session-name",
                "cli",
                "--external-id",
                EXTERNAL_ID,
                "--tags",
                "Key=team,Value=audio")
            .at("/AssumedRoleUser/Arn")
            .asText()
            .split("/")[1]);
    assertEquals(
        "local",
        aws("iam", "list-role-policies", "--role-name", "keybroker").at("/PolicyNames/0").asText());
    assertEquals(
        "allowed",
        aws(
                "iam",
                "simulate-principal-policy",
                "--policy-source-arn",
                role,
                "--action-names",
                "kms:ListKeys")
            .at("/EvaluationResults/0/EvalDecision")
            .asText());
  }

  private JsonNode aws(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("aws"));
    command.addAll(List.of("--endpoint-url", server.endpoint().toString(), "--output", "json"));
    command.addAll(List.of(arguments));
    String out = run(command.toArray(String[]::new));
    return out.isBlank() ? Json.object() : Json.parse(out);
  }

  private static boolean runs(String... command) throws InterruptedException {
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      return process.waitFor() == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /// What the command prints; it must succeed.
  private String run(String... command) throws IOException, InterruptedException {
    Path errors = folder.resolve("errors");
    ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors.toFile());
    builder
        .environment()
        .putAll(
            Map.of(
                "AWS_ACCESS_KEY_ID", credentials.accessKeyId(),
                "AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey(),
                "AWS_DEFAULT_REGION", REGION.id(),
                "AWS_EC2_METADATA_DISABLED", "true",
                "AWS_CONFIG_FILE", folder.resolve("none").toString(),
                "AWS_SHARED_CREDENTIALS_FILE", folder.resolve("none").toString(),
                "AWS_PAGER", ""));
    builder.environment().remove("AWS_SESSION_TOKEN");
    builder.environment().remove("AWS_PROFILE");
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes());
    assertEquals(0, process.waitFor(), () -> text(errors));
    return out;
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
