package dev.keybroker.bench;

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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;

/// The packaged broker in production mode, as a process on the server's core.
final class Broker implements AutoCloseable {
  private static final int READY_ATTEMPTS = 3_000;

  private final Process process;
  private final int port;
  private final double secondsToReady;

  private Broker(Process process, int port, double secondsToReady) {
    this.process = process;
    this.port = port;
    this.secondsToReady = secondsToReady;
  }

  /// Starts a broker and waits until it is ready.
  ///
  /// @param folder made here; for its configuration and its log
  /// @param jvm further options of the JVM
  static Broker start(
      Path folder, Properties services, Map<String, String> settings, List<String> jvm)
      throws IOException, InterruptedException {
    Files.createDirectories(folder);
    int port = freePort();
    int management = freePort();
    Properties properties = new Properties();
    properties.putAll(services);
    properties.putAll(settings);
    properties.setProperty("quarkus.grpc.server.host", "127.0.0.1");
    properties.setProperty("quarkus.grpc.server.port", Integer.toString(port));
    properties.setProperty("quarkus.management.host", "127.0.0.1");
    properties.setProperty("quarkus.management.port", Integer.toString(management));
    Path file = folder.resolve("application.properties");
    try (Writer out = Files.newBufferedWriter(file)) {
      properties.store(out, null);
    }
    List<String> arguments =
        new ArrayList<>(
            List.of("-Xmx512m", "-Dsmallrye.config.locations=" + file.toAbsolutePath()));
    arguments.addAll(jvm);
    arguments.add("-jar");
    arguments.add("target/bench/quarkus-app/quarkus-run.jar");
    long start = System.nanoTime();
    Process process = Cores.SERVER.java(arguments, folder.resolve("broker.log").toFile());
    try {
      awaitReady(process, management);
    } catch (IOException e) {
      process.destroy();
      throw new IOException(Files.readString(folder.resolve("broker.log")), e);
    }
    return new Broker(process, port, (System.nanoTime() - start) / 1e9);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void awaitReady(Process process, int port)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/q/health/ready")).build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      for (int attempt = 0; attempt < READY_ATTEMPTS; attempt++) {
        if (process.waitFor(20, TimeUnit.MILLISECONDS)) {
          throw new IOException("the broker ended while it started");
        }
        try {
          if (client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
            return;
          }
        } catch (IOException notYet) {
          continue;
        }
      }
    }
    throw new IOException("the broker did not become ready");
  }

  int port() {
    return port;
  }

  double secondsToReady() {
    return secondsToReady;
  }

  /// Resident memory.
  double mebibytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) / 1024.0;
      }
    }
    throw new IOException("no VmRSS");
  }

  @Override
  public void close() {
    process.destroy();
    process.onExit().orTimeout(30, TimeUnit.SECONDS).exceptionally(late -> process).join();
  }
}
