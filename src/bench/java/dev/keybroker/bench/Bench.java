package dev.keybroker.bench;

import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.RootKey;
import io.grpc.ManagedChannel;
import io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.kms.KmsAsyncClient;

/// Measures the packaged broker: `[--rounds=N] [--seconds=S] [--count-seconds=S] [--update-docs]`.
/// `src/bench/run.sh` builds it and calls this.
///
/// Everything that is compared is measured in each round, one after the other, so that a machine
/// that slows down slows all of it.
public final class Bench {
  private static final String TENANT = "tenants/bench";

  private Bench() {}

  /// Runs the bench and prints its tables.
  public static void main(String[] args) throws IOException, InterruptedException, SQLException {
    Options options = Options.of(args);
    Path folder =
        Files.createTempDirectory(Files.createDirectories(Path.of("target/bench/runs")), "run-");
    try (Services services = Services.start(folder.toAbsolutePath());
        Broker broker =
            Broker.start(folder.resolve("broker"), services.configuration(), PATIENT, List.of());
        Broker sessionOff =
            Broker.start(
                folder.resolve("session-off"), services.configuration(), SESSION_OFF, List.of())) {
      String key = kmsKey(services);
      create(broker, "p256", KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256, key);
      create(broker, "rsa2048", KeyPairSpec.KEY_PAIR_SPEC_RSA_2048, key);
      create(broker, "rsa3072", KeyPairSpec.KEY_PAIR_SPEC_RSA_3072, key);
      Report report = new Report(options);
      try (Measurements measurements =
          new Measurements(options, folder, services, broker, sessionOff, key, report)) {
        measurements.run();
      }
      broker.close();
      sessionOff.close();
      StartUp.measure(options, folder, services, report);
      report.write();
    }
  }

  /// The first calls of a cold process on one core must not fail; no rate depends on these.
  private static final Map<String, String> PATIENT =
      Map.of(
          "keybroker.postgres.timeout", "20s",
          "keybroker.postgres.transaction-timeout", "20s",
          "keybroker.redis.timeout", "5s",
          "keybroker.aws.api-call-timeout", "30s",
          "keybroker.aws.api-call-attempt-timeout", "20s",
          "keybroker.aws.connection-timeout", "10s");

  private static final Map<String, String> SESSION_OFF = sessionOff();

  private static Map<String, String> sessionOff() {
    Map<String, String> settings = new HashMap<>(PATIENT);
    settings.put("keybroker.wrap-session.max-deks", "1");
    return Map.copyOf(settings);
  }

  static Map<String, String> settings() {
    return PATIENT;
  }

  /// The resource name of the bench's keystore with this id.
  static String keystore(String id) {
    return TENANT + "/keystores/" + id;
  }

  private static String kmsKey(Services services) {
    try (KmsAsyncClient kms = services.kms()) {
      return kms.createKey().join().keyMetadata().arn();
    }
  }

  private static void create(Broker broker, String id, KeyPairSpec spec, String key) {
    ManagedChannel channel =
        NettyChannelBuilder.forAddress("127.0.0.1", broker.port()).usePlaintext().build();
    try {
      KeystoresGrpc.newBlockingStub(channel)
          .createKeystore(
              CreateKeystoreRequest.newBuilder()
                  .setParent(TENANT)
                  .setKeystoreId(id)
                  .setKeystore(
                      Keystore.newBuilder()
                          .setKeyPairSpec(spec)
                          .setRootKey(
                              RootKey.newBuilder()
                                  .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(key))))
                  .build());
    } finally {
      channel.shutdownNow();
    }
  }
}
