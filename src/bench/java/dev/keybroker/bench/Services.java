package dev.keybroker.bench;

import dev.keybroker.embedded.EmbeddedMain;
import dev.keybroker.embedded.EmbeddedServices;
import java.io.IOException;
import java.io.Reader;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsAsyncClient;

/// PostgreSQL, Redis and the local KMS next to the broker, and how often each was called.
/// PostgreSQL commits to disk.
final class Services implements AutoCloseable {
  private static final Pattern NUMBER = Pattern.compile("calls=(\\d+)|:(\\d+)[,}]");
  private static final String CREDENTIALS = "quarkus.kms.aws.credentials.static-provider.";

  private final Process process;
  private final Properties configuration;
  private final HttpClient http = HttpClient.newHttpClient();

  private Services(Process process, Properties configuration) {
    this.process = process;
    this.configuration = configuration;
  }

  static Services start(Path folder) throws IOException, InterruptedException {
    Path settings = folder.resolve("application.properties");
    Process process =
        Cores.LOADER.java(
            List.of(
                "-Xmx512m",
                "-cp",
                System.getProperty("java.class.path"),
                EmbeddedMain.class.getName(),
                folder.toString(),
                "--durable"),
            folder.resolve("services.log").toFile());
    while (!Files.exists(settings)) {
      if (process.waitFor(100, TimeUnit.MILLISECONDS)) {
        throw new IOException(Files.readString(folder.resolve("services.log")));
      }
    }
    Properties configuration = new Properties();
    try (Reader in = Files.newBufferedReader(settings)) {
      configuration.load(in);
    }
    return new Services(process, configuration);
  }

  Properties configuration() {
    return configuration;
  }

  long pid() {
    return process.pid();
  }

  /// A client of the local KMS, as the broker's own principal.
  KmsAsyncClient kms() {
    return KmsAsyncClient.builder()
        .endpointOverride(kmsEndpoint())
        .region(Region.of(EmbeddedServices.REGION))
        .credentialsProvider(
            StaticCredentialsProvider.create(
                AwsBasicCredentials.create(
                    configuration.getProperty(CREDENTIALS + "access-key-id"),
                    configuration.getProperty(CREDENTIALS + "secret-access-key"))))
        .build();
  }

  private URI kmsEndpoint() {
    return URI.create(configuration.getProperty("quarkus.kms.endpoint-override"));
  }

  /// Calls of the stores and of KMS so far.
  Calls calls() throws IOException, InterruptedException, SQLException {
    return new Calls(kmsCalls(), redisCommands(), postgresStatements());
  }

  /// How often each was called.
  record Calls(long kms, long redis, long postgres) {
    Calls since(Calls before) {
      return new Calls(kms - before.kms, redis - before.redis, postgres - before.postgres);
    }
  }

  private long kmsCalls() throws IOException, InterruptedException {
    return sum(send(HttpRequest.newBuilder(local("calls")).build()));
  }

  /// Every call of KMS waits so long from now on.
  void kmsLatency(int millis) throws IOException, InterruptedException {
    send(HttpRequest.newBuilder(local("faults")).DELETE().build());
    if (millis > 0) {
      send(
          HttpRequest.newBuilder(local("faults"))
              .POST(
                  HttpRequest.BodyPublishers.ofString(
                      "{\"kind\":\"LATENCY\",\"latencyMillis\":" + millis + "}"))
              .build());
    }
  }

  private URI local(String resource) {
    return kmsEndpoint().resolve("/_local/" + resource);
  }

  private String send(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<String> answer = http.send(request, HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != 200) {
      throw new IOException(request + ": " + answer.statusCode() + " " + answer.body());
    }
    return answer.body();
  }

  private long redisCommands() throws IOException {
    URI redis = URI.create(configuration.getProperty("quarkus.redis.hosts"));
    try (Socket socket = new Socket(redis.getHost(), redis.getPort())) {
      socket
          .getOutputStream()
          .write("INFO commandstats\r\nQUIT\r\n".getBytes(StandardCharsets.US_ASCII));
      // Not those of the bench itself, nor the heartbeat of the subscription.
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
          .lines()
          .filter(line -> line.startsWith("cmdstat_"))
          .filter(line -> !line.startsWith("cmdstat_info") && !line.startsWith("cmdstat_ping"))
          .mapToLong(Services::sum)
          .sum();
    }
  }

  private static long sum(String text) {
    Matcher numbers = NUMBER.matcher(text);
    long sum = 0;
    while (numbers.find()) {
      sum += Long.parseLong(numbers.group(1) == null ? numbers.group(2) : numbers.group(1));
    }
    return sum;
  }

  /// Scans of the broker's tables: at least one for each statement that reads or changes them.
  private long postgresStatements() throws SQLException {
    try (Connection connection = postgres();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select coalesce(sum(seq_scan + coalesce(idx_scan, 0)), 0)"
                    + " from pg_stat_user_tables")) {
      rows.next();
      return rows.getLong(1);
    }
  }

  /// A connection to the broker's database, as its owner.
  Connection postgres() throws SQLException {
    return DriverManager.getConnection(
        configuration.getProperty("quarkus.datasource.jdbc.url"),
        configuration.getProperty("quarkus.datasource.username"),
        configuration.getProperty("quarkus.datasource.password"));
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().orTimeout(30, TimeUnit.SECONDS).exceptionally(late -> process).join();
  }
}
