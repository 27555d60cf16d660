package dev.keybroker.bench;

import dev.keybroker.bench.Options.Part;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.RootKey;
import io.grpc.ManagedChannel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import software.amazon.awssdk.services.kms.KmsAsyncClient;

/// Measures the packaged broker: `[--rounds=N] [--seconds=S] [--count-seconds=S]
/// [--before=DIR] [--audit-only|--tls-only|--keystores-only|--rewraps-only|--peers]
/// [--update-docs]`.
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
    List<Side> sides = new ArrayList<>();
    try {
      sides.add(Side.start(Build.NOW, folder, Side.BENCH));
      if (options.before() != null) {
        sides.add(Side.start(Build.BEFORE, folder, options.before()));
      }
      measure(options, folder, sides);
    } finally {
      sides.forEach(Side::close);
    }
  }

  private static void measure(Options options, Path folder, List<Side> sides)
      throws IOException, InterruptedException, SQLException {
    Report report = new Report(options);
    try {
      measure(options, folder, sides, report);
    } catch (IOException | InterruptedException | SQLException | RuntimeException e) {
      System.err.println("The bench failed. What it had measured:");
      report.print();
      throw e;
    }
    report.write();
  }

  private static void measure(Options options, Path folder, List<Side> sides, Report report)
      throws IOException, InterruptedException, SQLException {
    if (options.has(Part.AUDIT) || options.part() == Part.PEERS) {
      try (Measurements measurements = Measurements.start(options, folder, sides, report)) {
        measurements.run();
      }
    }
    if (options.has(Part.TLS)) {
      Tls.measure(options, sides, report);
    }
    if (options.part() == Part.ALL) {
      StartUp.measure(options, sides, report);
    }
    if (options.has(Part.REWRAPS)) {
      Rewraps.measure(options, sides, report);
    }
    if (options.has(Part.KEYSTORES)) {
      ManyKeystores.measure(options, sides, report);
    }
  }

  /// The first calls of a cold process on one core must not fail; no rate depends on these.
  private static final Map<String, String> PATIENCE =
      Map.of(
          "keybroker.postgres.timeout", "20s",
          "keybroker.postgres.transaction-timeout", "20s",
          "keybroker.redis.timeout", "5s",
          "keybroker.unwrap-lane.longest-wait", "20s",
          "keybroker.aws.api-call-timeout", "30s",
          "keybroker.aws.api-call-attempt-timeout", "20s",
          "keybroker.aws.connection-timeout", "10s");

  /// Without audit, whose cost has its own rows: PostgreSQL runs on the core of the load.
  private static final Map<String, String> PATIENT =
      with(
          PATIENCE,
          Map.of(
              "keybroker.audit.wraps", "off",
              "keybroker.audit.unwraps", "off",
              "keybroker.audit.rewraps", "off",
              "keybroker.audit.control-plane", "off"));

  private static final Map<String, String> SESSION_OFF =
      with(PATIENT, Map.of("keybroker.wrap-session.max-deks", "1"));

  private static final Map<String, String> AUDITED =
      with(PATIENCE, Map.of("keybroker.audit.commit-timeout", "20s"));

  static Map<String, String> with(Map<String, String> base, Map<String, String> more) {
    Map<String, String> settings = new HashMap<>(base);
    settings.putAll(more);
    return Map.copyOf(settings);
  }

  /// The bench's settings of a broker with these besides.
  static Map<String, String> settings(Map<String, String> more) {
    return with(PATIENT, more);
  }

  static Map<String, String> settings() {
    return PATIENT;
  }

  static Map<String, String> sessionOffSettings() {
    return SESSION_OFF;
  }

  static Map<String, String> auditedSettings() {
    return AUDITED;
  }

  /// The resource name of the bench's keystore with this id.
  static String keystore(String id) {
    return TENANT + "/keystores/" + id;
  }

  static String kmsKey(Services services) {
    try (KmsAsyncClient kms = services.kms()) {
      return kms.createKey().join().keyMetadata().arn();
    }
  }

  static void create(Broker broker, String id, KeyPairSpec spec, String key) {
    ManagedChannel channel = broker.channel().build();
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
