package dev.keybroker.boot;

import dev.keybroker.grpc.BrokerClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// The packaged broker in a process of its own.
final class BrokerProcess implements AutoCloseable {
  private static final Path JAR = Path.of("target", "quarkus-app", "quarkus-run.jar");
  private static final int STOP_SECONDS = 20;

  private final Process process;
  private final Path log;
  private final BrokerClient client;

  private BrokerProcess(Process process, Path log, BrokerClient client) {
    this.process = process;
    this.log = log;
    this.client = client;
  }

  static BrokerProcess start(String name, Path folder, Map<String, String> configuration) {
    try {
      int port = freePort();
      Path log = folder.resolve(name + ".log");
      List<String> command = new ArrayList<>();
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.add("-Xmx300m");
      configuration.forEach((key, value) -> command.add("-D" + key + "=" + value));
      command.add("-Dquarkus.grpc.server.host=127.0.0.1");
      command.add("-Dquarkus.grpc.server.port=" + port);
      command.add("-Dquarkus.management.host=127.0.0.1");
      command.add("-Dquarkus.management.port=" + freePort());
      command.add("-jar");
      command.add(JAR.toString());
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(log.toFile())
              .start();
      return new BrokerProcess(process, log, new BrokerClient("127.0.0.1", port));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  BrokerClient client() {
    return client;
  }

  boolean isAlive() {
    return process.isAlive();
  }

  /// How many lines of the log contain a text.
  long logged(String text) {
    try (var lines = Files.lines(log)) {
      return lines.filter(line -> line.contains(text)).count();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  @Override
  public void close() {
    client.close();
    process.destroy();
    try {
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
