package dev.keybroker.embedded;

import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.embedded.kms.LocalKmsOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import redis.embedded.RedisServer;

/// PostgreSQL, Redis and the local KMS, each on a free loopback port, as a broker's configuration.
///
/// All state is in one folder: existing state is reused, so that a DEK that was wrapped
/// yesterday unwraps today.
public final class EmbeddedServices implements AutoCloseable {
  /// The broker's own AWS account in the local KMS.
  public static final String BROKER_ACCOUNT = "111122223333";

  /// The broker's home region in the local KMS.
  public static final String REGION = "eu-central-1";

  private static final int MAC_KEY_SIZE = 32;

  private final PostgresServer postgres;
  private final RedisServer redis;
  private final int redisPort;
  private final LocalKms kms;
  private final String macKey;

  private EmbeddedServices(
      PostgresServer postgres, RedisServer redis, int redisPort, LocalKms kms, String macKey) {
    this.postgres = postgres;
    this.redis = redis;
    this.redisPort = redisPort;
    this.kms = kms;
    this.macKey = macKey;
  }

  /// Starts the three services with their state in a folder, which is created if it does not exist.
  public static EmbeddedServices start(Path folder) {
    return start(folder, InstantSource.system());
  }

  /// As [#start(Path)]; a commit of PostgreSQL is on disk when it is answered.
  static EmbeddedServices startDurable(Path folder) {
    return start(folder, InstantSource.system(), true);
  }

  /// As [#start(Path)].
  ///
  /// @param kmsClock the clock of the local KMS and STS
  public static EmbeddedServices start(Path folder, InstantSource kmsClock) {
    return start(folder, kmsClock, false);
  }

  private static EmbeddedServices start(Path folder, InstantSource kmsClock, boolean durable) {
    try {
      Files.createDirectories(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      PostgresServer postgres = PostgresServer.start(folder, durable);
      int redisPort = freePort();
      RedisServer redis =
          RedisServer.newRedisServer()
              .port(redisPort)
              .bind("127.0.0.1")
              .setting("save \"\"")
              .setting("appendonly no")
              .setting("dir " + folder.toAbsolutePath())
              .build();
      redis.start();
      LocalKms kms =
          LocalKms.start(
              LocalKmsOptions.inMemory()
                  .withStateFile(folder.resolve("local-kms.json"))
                  .withClock(kmsClock));
      return new EmbeddedServices(postgres, redis, redisPort, kms, macKey(folder));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String macKey(Path folder) throws IOException {
    Path file = folder.resolve("redis-mac-key");
    if (!Files.exists(file)) {
      byte[] key = new byte[MAC_KEY_SIZE];
      new SecureRandom().nextBytes(key);
      Files.writeString(file, Base64.getEncoder().encodeToString(key), StandardCharsets.US_ASCII);
    }
    return Files.readString(file, StandardCharsets.US_ASCII);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /// The local KMS, for faults, counters and principals.
  public LocalKms kms() {
    return kms;
  }

  /// The PostgreSQL server, for outages.
  public PostgresServer postgres() {
    return postgres;
  }

  /// Stops Redis, and starts it again, empty, afterwards.
  public void withoutRedis(Runnable meanwhile) throws IOException {
    redis.stop();
    try {
      meanwhile.run();
    } finally {
      redis.start();
    }
  }

  /// The ARN of the broker's own principal in the local KMS.
  public String brokerPrincipal() {
    return broker().arn();
  }

  private LocalCredentials broker() {
    return kms.principal(BROKER_ACCOUNT, "keybroker", LocalKms.ADMINISTRATOR_ACCESS);
  }

  /// The configuration that makes a broker use these services: ordinary Quarkus configuration. Its
  /// callers speak plaintext and prove nothing.
  public Map<String, String> configuration() {
    LocalCredentials broker = broker();
    String database = "//127.0.0.1:" + postgres.port() + "/postgres";
    Map<String, String> configuration = new LinkedHashMap<>();
    configuration.put("quarkus.datasource.reactive.url", "postgresql:" + database);
    configuration.put("quarkus.datasource.jdbc.url", "jdbc:postgresql:" + database);
    configuration.put("quarkus.datasource.username", "postgres");
    configuration.put("quarkus.datasource.password", "postgres");
    configuration.put("keybroker.insecure", "true");
    configuration.put("quarkus.redis.hosts", "redis://127.0.0.1:" + redisPort);
    configuration.put("keybroker.redis.mac-key", macKey);
    configuration.put("quarkus.kms.endpoint-override", kms.endpoint().toString());
    configuration.put("quarkus.kms.aws.region", REGION);
    configuration.put("quarkus.kms.aws.credentials.type", "static");
    configuration.put(
        "quarkus.kms.aws.credentials.static-provider.access-key-id", broker.accessKeyId());
    configuration.put(
        "quarkus.kms.aws.credentials.static-provider.secret-access-key", broker.secretAccessKey());
    // The local KMS enforces no quotas.
    for (String quota : List.of("ecc", "rsa2048", "rsa3072", "rsa4096", "tenant-tests")) {
      configuration.put("keybroker.kms-quota." + quota, "100000");
    }
    return configuration;
  }

  @Override
  public void close() {
    kms.close();
    try {
      redis.stop();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } finally {
      postgres.close();
    }
  }
}
