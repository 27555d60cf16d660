package dev.keybroker;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.ErrorInfo;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.RootKey;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;

/// The tour of `README.md`, its marked blocks run as they are written, against the packaged broker.
///
/// Needs `bash`, `openssl` and the `buf` that the build unpacks; where one is not there, CI fails
/// and other builds skip the tour.
class ReadmeTourIT {
  static final Path BUF = Path.of("target/buf/buf").toAbsolutePath();
  private static final Pattern ERROR_INFO =
      Pattern.compile("\"google\\.rpc\\.ErrorInfo\",\\s*\"value\": *\"([^\"]+)\"");
  private static final long LONGEST_TOUR_SECONDS = 120;

  @Test
  void tour_ofTheReadme_runsAsWritten() throws Exception {
    String tour = tour();
    needs(isOnPath("bash"), "bash");
    needs(isOnPath("openssl"), "openssl (Debian: apt-get install openssl)");
    needs(Files.isExecutable(BUF), "target/buf/buf");
    Path folder =
        Files.createTempDirectory(Files.createDirectories(Path.of("target/readme-tour")), "run-")
            .toAbsolutePath();
    try (EmbeddedServices services = EmbeddedServices.start(folder.resolve("services"));
        PackagedBroker broker = PackagedBroker.start(folder, configuration(services))) {
      makeDemoKeystores(broker, makeKmsKey(services));

      String printed = run(tour, folder, broker);

      assertTrue(printed.contains("keybroker.v1.KeyBroker"), printed);
      assertTrue(printed.contains("played.wav is the recording"), printed);
      assertEquals("WRAPPED_DEK_NOT_AUTHENTIC", reason(printed), printed);
      assertTrue(printed.contains("refused"), printed);
    }
    byte[] recording = Files.readAllBytes(folder.resolve("recording.wav"));
    assertArrayEquals(recording, Files.readAllBytes(folder.resolve("played.wav")));
    assertFalse(Arrays.equals(recording, Files.readAllBytes(folder.resolve("recording.wav.enc"))));
    assertEquals(
        80_000,
        AudioSystem.getAudioFileFormat(folder.resolve("recording.wav").toFile()).getFrameLength());
  }

  /// The reason of the one error that the tour provokes.
  private static String reason(String printed) throws IOException {
    Matcher details = ERROR_INFO.matcher(printed);
    assertTrue(details.find(), printed);
    return ErrorInfo.parseFrom(Base64.getDecoder().decode(details.group(1))).getReason();
  }

  private static String tour() throws IOException {
    return String.join("\n", blocks(Path.of("README.md")));
  }

  /// The blocks of a page that are marked as run by CI.
  static List<String> blocks(Path page) throws IOException {
    return blocks(page, "tour");
  }

  /// The blocks of a page with this mark.
  static List<String> blocks(Path page, String mark) throws IOException {
    List<String> blocks =
        Pattern.compile("(?ms)^```sh " + mark + "\n(.*?)^```$")
            .matcher(Files.readString(page))
            .results()
            .map(block -> block.group(1))
            .toList();
    assertFalse(blocks.isEmpty(), page + " has no block marked `sh " + mark + "`");
    return blocks;
  }

  private static boolean isOnPath(String command) {
    return Arrays.stream(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator))
        .anyMatch(directory -> Files.isExecutable(Path.of(directory, command)));
  }

  static void needs(boolean present, String what) {
    String message = "the tour needs " + what;
    if (Boolean.parseBoolean(System.getenv("CI"))) {
      assertTrue(present, message);
    }
    Assumptions.assumeTrue(present, message);
  }

  /// What the broker is told, and patience: a busy machine is no failure of the tour.
  static Map<String, String> configuration(EmbeddedServices services) {
    Map<String, String> configuration = new HashMap<>(services.configuration());
    configuration.put("quarkus.grpc.server.enable-reflection-service", "true");
    configuration.put("keybroker.postgres.timeout", "20s");
    configuration.put("keybroker.postgres.transaction-timeout", "20s");
    configuration.put("keybroker.aws.api-call-timeout", "30s");
    configuration.put("keybroker.aws.api-call-attempt-timeout", "20s");
    configuration.put("keybroker.aws.connection-timeout", "10s");
    return configuration;
  }

  static String makeKmsKey(EmbeddedServices services) {
    Map<String, String> configuration = services.configuration();
    String credentials = "quarkus.kms.aws.credentials.static-provider.";
    try (KmsClient kms =
        KmsClient.builder()
            .endpointOverride(URI.create(configuration.get("quarkus.kms.endpoint-override")))
            .region(Region.of(EmbeddedServices.REGION))
            .httpClient(UrlConnectionHttpClient.create())
            .credentialsProvider(
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(
                        configuration.get(credentials + "access-key-id"),
                        configuration.get(credentials + "secret-access-key"))))
            .build()) {
      return kms.createKey().keyMetadata().arn();
    }
  }

  private static void makeDemoKeystores(PackagedBroker broker, String keyArn) {
    ManagedChannel channel =
        ManagedChannelBuilder.forAddress("127.0.0.1", broker.grpcPort()).usePlaintext().build();
    try {
      KeystoresGrpc.KeystoresBlockingStub keystores = KeystoresGrpc.newBlockingStub(channel);
      create(keystores, "call-recordings", KeyPairSpec.KEY_PAIR_SPEC_RSA_3072, keyArn);
      create(keystores, "screen-recordings", KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256, keyArn);
    } finally {
      channel.shutdownNow();
    }
  }

  private static void create(
      KeystoresGrpc.KeystoresBlockingStub keystores, String id, KeyPairSpec spec, String keyArn) {
    Keystore keystore =
        keystores
            .withDeadlineAfter(60, TimeUnit.SECONDS)
            .createKeystore(
                CreateKeystoreRequest.newBuilder()
                    .setParent("tenants/demo")
                    .setKeystoreId(id)
                    .setKeystore(
                        Keystore.newBuilder()
                            .setRootKey(
                                RootKey.newBuilder()
                                    .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn)))
                            .setKeyPairSpec(spec))
                    .build());
    assertFalse(keystore.getActiveKek().isEmpty(), id);
  }

  /// Runs the tour in the folder and gives what it printed; a command that fails ends it.
  static String run(String tour, Path folder, PackagedBroker broker)
      throws IOException, InterruptedException {
    Path script = Files.writeString(folder.resolve("tour.sh"), tour);
    Path output = folder.resolve("tour.log");
    ProcessBuilder command =
        new ProcessBuilder("bash", "-euo", "pipefail", script.toString())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile());
    Map<String, String> environment = command.environment();
    environment.put("BROKER", "127.0.0.1:" + broker.grpcPort());
    environment.put("PATH", BUF.getParent() + File.pathSeparator + environment.get("PATH"));
    environment.put("BUF_CACHE_DIR", folder.resolve("buf-cache").toString());
    Process bash = command.start();
    if (!bash.waitFor(LONGEST_TOUR_SECONDS, TimeUnit.SECONDS)) {
      bash.destroyForcibly();
      throw new AssertionError("the tour did not end:\n" + Files.readString(output));
    }
    String printed = Files.readString(output);
    assertEquals(
        0, bash.exitValue(), () -> printed + "\n--- the broker's log ---\n" + broker.log());
    return printed;
  }
}
