package dev.keybroker.embedded;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.embedded.kms.LocalKmsOptions;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;

/// What `quarkus:dev` prints about the local KMS is all that a client needs to reach it.
@SuppressWarnings("NullAway.Init") // set before each test
class DemoAccountTest {
  private static final String BROKER = "arn:aws:iam::111122223333:user/keybroker";
  private static final Pattern EXPORT = Pattern.compile("(?m)^ *export ([A-Z_]+)='([^']*)'$");

  @TempDir Path folder;

  private LocalKms kms;
  private String keyArn;

  @BeforeEach
  void start() {
    kms = LocalKms.start(LocalKmsOptions.inMemory());
    kms.principal("111122223333", "keybroker", LocalKms.ADMINISTRATOR_ACCESS);
    keyArn = DemoKey.make(kms, BROKER);
  }

  @AfterEach
  void stop() {
    kms.close();
  }

  private Map<String, String> printed() {
    Map<String, String> variables = new HashMap<>();
    EXPORT
        .matcher(DemoAccount.exports(kms))
        .results()
        .forEach((MatchResult export) -> variables.put(export.group(1), export.group(2)));
    return variables;
  }

  @Test
  void printedValues_letAnSdkUseTheDemoKey() {
    Map<String, String> printed = printed();
    try (KmsClient client =
        KmsClient.builder()
            .endpointOverride(URI.create(printed.get("AWS_ENDPOINT_URL")))
            .region(Region.of(printed.get("AWS_DEFAULT_REGION")))
            .httpClient(UrlConnectionHttpClient.create())
            .credentialsProvider(
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(
                        printed.get("AWS_ACCESS_KEY_ID"), printed.get("AWS_SECRET_ACCESS_KEY"))))
            .build()) {
      assertEquals(
          keyArn, client.describeKey(r -> r.keyId("alias/demo-recordings")).keyMetadata().arn());
    }
  }

  /// The block of `README.md` in a shell that has pasted the lines.
  @Test
  void lineOfTheReadme_withAwsCli_describesTheDemoKey() throws Exception {
    assumeTrue(run("aws --version") == 0, "no AWS CLI");
    Matcher block =
        Pattern.compile("(?ms)^```sh kms\n(.*?)^```$")
            .matcher(Files.readString(Path.of("README.md")));
    assertTrue(block.find());

    assertEquals(0, run(DemoAccount.exports(kms) + "\n" + block.group(1)), this::output);
    assertEquals(keyArn + "\tEnabled", output().strip());
  }

  private int run(String script) throws IOException, InterruptedException {
    ProcessBuilder shell =
        new ProcessBuilder(
                "sh", "-eu", Files.writeString(folder.resolve("run.sh"), script).toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("output").toFile());
    shell.environment().keySet().removeIf(variable -> variable.startsWith("AWS_"));
    Process process = shell.start();
    assertTrue(process.waitFor(2, TimeUnit.MINUTES), "the AWS CLI hangs");
    return process.exitValue();
  }

  private String output() {
    try {
      return Files.readString(folder.resolve("output"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }
}
