package dev.keybroker.bench;

import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import java.io.File;
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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/// The packaged broker in production mode, as a process on the server's core.
final class Broker implements Wire.Target, AutoCloseable {
  /// The setting that names the certificate; with it the broker uses TLS.
  static final String CERTIFICATE = "quarkus.tls.keybroker.key-store.pem.0.cert";

  private static final Pattern HEAP_TOTAL = Pattern.compile("(?m)^Total +\\d+ +(\\d+)");
  private static final int READY_ATTEMPTS = 3_000;

  private final Process process;
  private final int port;
  private final @Nullable Path certificate;
  private final double secondsToReady;

  private Broker(Process process, int port, Map<String, String> settings, double secondsToReady) {
    String file = settings.get(CERTIFICATE);
    this.process = process;
    this.port = port;
    this.certificate = file == null ? null : Path.of(file);
    this.secondsToReady = secondsToReady;
  }

  /// Starts a broker and waits until it is ready.
  ///
  /// @param folder made here; for its configuration and its log
  /// @param jvm further options of the JVM
  /// @param application the folder of `quarkus-run.jar`
  static Broker start(
      Path folder,
      Properties services,
      Map<String, String> settings,
      List<String> jvm,
      Path application)
      throws IOException, InterruptedException {
    int port = freePort();
    int management = freePort();
    Path file = configuration(folder, services, settings, port, management);
    List<String> arguments =
        new ArrayList<>(
            List.of("-Xmx512m", "-Dsmallrye.config.locations=" + file.toAbsolutePath()));
    arguments.addAll(jvm);
    arguments.add("-jar");
    arguments.add(application.resolve("quarkus-run.jar").toString());
    long start = System.nanoTime();
    Process process = Cores.SERVER.java(arguments, log(folder));
    try {
      awaitReady(process, management);
    } catch (IOException e) {
      process.destroy();
      throw new IOException(Files.readString(folder.resolve("broker.log")), e);
    }
    return new Broker(process, port, settings, (System.nanoTime() - start) / 1e9);
  }

  /// Starts an artefact and does not wait.
  ///
  /// @param folder made here; for its configuration and its log
  static Broker launch(
      Path folder, Properties services, Map<String, String> settings, ProcessBuilder command)
      throws IOException {
    int port = freePort();
    Path file = configuration(folder, services, settings, port, freePort());
    command.environment().put("SMALLRYE_CONFIG_LOCATIONS", file.toAbsolutePath().toString());
    return new Broker(
        command.redirectErrorStream(true).redirectOutput(log(folder)).start(), port, settings, 0);
  }

  private static File log(Path folder) {
    return folder.resolve("broker.log").toFile();
  }

  private static Path configuration(
      Path folder, Properties services, Map<String, String> settings, int port, int management)
      throws IOException {
    Files.createDirectories(folder);
    Properties properties = new Properties();
    properties.putAll(services);
    properties.putAll(settings);
    properties.setProperty("keybroker.insecure", "true");
    properties.setProperty("quarkus.grpc.server.host", "127.0.0.1");
    properties.setProperty("quarkus.grpc.server.port", Integer.toString(port));
    properties.setProperty("quarkus.management.host", "127.0.0.1");
    properties.setProperty("quarkus.management.port", Integer.toString(management));
    Path file = folder.resolve("application.properties");
    try (Writer out = Files.newBufferedWriter(file)) {
      properties.store(out, null);
    }
    return file;
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

  @Override
  public boolean speaksTls() {
    return certificate != null;
  }

  @Override
  public String origin() {
    return (speaksTls() ? "https" : "http") + "://127.0.0.1:" + port;
  }

  /// For a channel to it.
  NettyChannelBuilder channel() {
    NettyChannelBuilder channel = NettyChannelBuilder.forAddress("127.0.0.1", port);
    if (certificate == null) {
      return channel.usePlaintext();
    }
    try {
      return channel.sslContext(
          GrpcSslContexts.forClient().trustManager(certificate.toFile()).build());
    } catch (SSLException e) {
      throw new IllegalStateException(e);
    }
  }

  boolean isAlive() {
    return process.isAlive();
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

  /// Processor time so far.
  double cpuSeconds() {
    return process.info().totalCpuDuration().orElseThrow().toNanos() / 1e9;
  }

  /// What is alive on the heap, after a full collection.
  double liveMebibytes() throws IOException, InterruptedException {
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    String histogram =
        Cores.output(new ProcessBuilder(jcmd, Long.toString(process.pid()), "GC.class_histogram"));
    Matcher total = HEAP_TOTAL.matcher(histogram);
    if (!total.find()) {
      throw new IOException(histogram);
    }
    return Long.parseLong(total.group(1)) / (1024.0 * 1024);
  }

  @Override
  public void close() {
    process.destroy();
    // A training run writes its AOT cache when it ends.
    process.onExit().orTimeout(300, TimeUnit.SECONDS).exceptionally(late -> process).join();
  }
}
