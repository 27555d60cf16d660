package dev.keybroker;

import java.io.IOException;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;

/// The packaged broker as a process of its own: production profile, loopback, free ports.
final class PackagedBroker implements AutoCloseable {
  private static final Path JAR = Path.of("target/quarkus-app/quarkus-run.jar").toAbsolutePath();
  private static final int READY_ATTEMPTS = 1_200;
  private static final long BETWEEN_ATTEMPTS_MILLIS = 100;
  private static final long LONGEST_STOP_SECONDS = 30;

  private final Process process;
  private final Path log;
  private final int grpcPort;
  private final int managementPort;

  private PackagedBroker(Process process, Path log, int grpcPort, int managementPort) {
    this.process = process;
    this.log = log;
    this.grpcPort = grpcPort;
    this.managementPort = managementPort;
  }

  /// Starts the broker and waits until it says that it is ready.
  ///
  /// @param folder for its configuration and its log
  static PackagedBroker start(Path folder, Map<String, String> configuration)
      throws IOException, InterruptedException {
    int grpcPort = freePort();
    int managementPort = freePort();
    Properties properties = new Properties();
    properties.putAll(configuration);
    properties.setProperty("quarkus.grpc.server.host", "127.0.0.1");
    properties.setProperty("quarkus.grpc.server.port", Integer.toString(grpcPort));
    properties.setProperty("quarkus.management.host", "127.0.0.1");
    properties.setProperty("quarkus.management.port", Integer.toString(managementPort));
    Path settings = folder.resolve("application.properties");
    try (Writer out = Files.newBufferedWriter(settings)) {
      properties.store(out, null);
    }
    Path log = folder.resolve("broker.log");
    ProcessBuilder command =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "-jar",
                JAR.toString())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    command.environment().put("SMALLRYE_CONFIG_LOCATIONS", settings.toString());
    PackagedBroker broker = new PackagedBroker(command.start(), log, grpcPort, managementPort);
    try {
      broker.awaitReady();
    } catch (IOException | InterruptedException | RuntimeException | Error e) {
      broker.close();
      throw e;
    }
    return broker;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void awaitReady() throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + managementPort + "/q/health/ready"))
            .timeout(Duration.ofSeconds(5))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      for (int attempt = 0; attempt < READY_ATTEMPTS; attempt++) {
        if (process.waitFor(BETWEEN_ATTEMPTS_MILLIS, TimeUnit.MILLISECONDS)) {
          throw new AssertionError("the broker ended while it started:\n" + log());
        }
        if (isReady(client, request)) {
          return;
        }
      }
    }
    throw new AssertionError("the broker did not become ready:\n" + log());
  }

  private static boolean isReady(HttpClient client, HttpRequest request)
      throws InterruptedException {
    try {
      return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  int grpcPort() {
    return grpcPort;
  }

  /// What it has logged so far.
  String log() throws IOException {
    return Files.readString(log);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(LONGEST_STOP_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
