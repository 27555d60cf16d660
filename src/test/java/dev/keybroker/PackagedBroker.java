package dev.keybroker;

import dev.keybroker.grpc.BrokerClient;
import java.io.IOException;
import java.io.UncheckedIOException;
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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The packaged broker as a process of its own: production profile, loopback, free ports.
///
/// It is the native executable in a build with `-Dnative`, else the jar.
public final class PackagedBroker implements AutoCloseable {
  private static final Path JAR = Path.of("target/quarkus-app/quarkus-run.jar").toAbsolutePath();
  private static final @Nullable Path EXECUTABLE = executable();
  private static final Duration LONGEST_START = Duration.ofSeconds(120);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(30);
  private static final long BETWEEN_ATTEMPTS_MILLIS = 100;

  private final Process process;
  private final Path log;
  private final int grpcPort;
  private final int managementPort;
  private @Nullable BrokerClient client;

  private PackagedBroker(Process process, Path log, int grpcPort, int managementPort) {
    this.process = process;
    this.log = log;
    this.grpcPort = grpcPort;
    this.managementPort = managementPort;
  }

  private static @Nullable Path executable() {
    String path = System.getProperty("keybroker.it.executable", "");
    return path.isEmpty() ? null : Path.of(path).toAbsolutePath();
  }

  /// Whether the build has made a native executable, and no jar.
  public static boolean isNative() {
    return EXECUTABLE != null;
  }

  /// How a broker is started: the jar with 512 MiB of heap, the executable with its own bounds,
  /// unless told otherwise.
  public static final class Launch {
    private final Path folder;
    private final Map<String, String> configuration = new LinkedHashMap<>();
    private final List<String> left = new ArrayList<>();
    private final List<String> options = new ArrayList<>();
    private final List<String> arguments = new ArrayList<>();
    private final Map<String, String> environment = new LinkedHashMap<>();
    private String name = "broker";
    private final List<String> prefix = new ArrayList<>();
    private @Nullable Path output;
    private @Nullable Path executable = EXECUTABLE;

    private Launch(Path folder) {
      this.folder = folder.toAbsolutePath();
    }

    /// Tells brokers of one folder apart: `{name}.properties`, `{name}.log`.
    public Launch named(String brokerName) {
      name = brokerName;
      return this;
    }

    /// Settings, over those of before. Ports and hosts may be among them.
    public Launch with(Map<String, String> settings) {
      configuration.putAll(settings);
      return this;
    }

    /// One setting more.
    public Launch with(String property, String value) {
      return with(Map.of(property, value));
    }

    /// Leaves out what is set otherwise, e.g. the host.
    public Launch without(String property) {
      left.add(property);
      return this;
    }

    /// An option of the JVM or of the native executable, such as `-Xmx300m`; the last one counts.
    public Launch option(String option) {
      options.add(option);
      return this;
    }

    /// A command instead of the broker, and its arguments, e.g. `audit-verify`.
    public Launch arguments(String... all) {
      arguments.addAll(List.of(all));
      return this;
    }

    /// This native executable instead of what the build has made.
    public Launch executable(Path file) {
      executable = file.toAbsolutePath();
      return this;
    }

    /// A variable of its environment.
    public Launch environment(String variable, String value) {
      environment.put(variable, value);
      return this;
    }

    /// A command that runs the broker, e.g. `taskset`.
    public Launch under(String... command) {
      prefix.addAll(List.of(command));
      return this;
    }

    /// Where it writes instead of `{name}.log`, e.g. a device.
    public Launch output(Path file) {
      output = file;
      return this;
    }

    /// Starts the process and does not wait.
    public PackagedBroker start() throws IOException {
      Files.createDirectories(folder);
      Properties properties = new Properties();
      // Tests that give callers rights name an access file; the others are open.
      properties.setProperty("keybroker.insecure", "true");
      properties.setProperty("quarkus.grpc.server.host", "127.0.0.1");
      properties.setProperty("quarkus.grpc.server.port", Integer.toString(freePort()));
      properties.setProperty("quarkus.management.host", "127.0.0.1");
      properties.setProperty("quarkus.management.port", Integer.toString(freePort()));
      // Nobody has to learn of its end, unless a test says so.
      properties.setProperty("keybroker.shutdown.delay", "0s");
      properties.putAll(configuration);
      left.forEach(properties::remove);
      Path settings = folder.resolve(name + ".properties");
      try (Writer out = Files.newBufferedWriter(settings)) {
        properties.store(out, null);
      }
      Path log = output != null ? output : folder.resolve(name + ".log");
      ProcessBuilder command =
          new ProcessBuilder(command())
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(log.toFile());
      command.environment().putAll(environment);
      command.environment().put("SMALLRYE_CONFIG_LOCATIONS", settings.toString());
      return new PackagedBroker(
          command.start(),
          log,
          Integer.parseInt(properties.getProperty("quarkus.grpc.server.port")),
          Integer.parseInt(properties.getProperty("quarkus.management.port")));
    }

    /// Starts the process and waits until the broker says that it is ready.
    public PackagedBroker startAndAwaitReady() throws IOException, InterruptedException {
      PackagedBroker broker = start();
      try {
        broker.awaitReady();
      } catch (IOException | InterruptedException | RuntimeException | Error e) {
        broker.close();
        throw e;
      }
      return broker;
    }

    private List<String> command() throws IOException {
      List<String> command = new ArrayList<>(prefix);
      if (executable != null) {
        command.add(executable.toString());
        command.addAll(options);
      } else {
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-Xmx512m");
        if (options.stream().noneMatch(option -> option.startsWith("-XX:AOT"))) {
          command.add("-XX:AOTCache=" + AotCache.of(JAR));
        }
        command.addAll(options);
        command.addAll(List.of("-jar", JAR.toString()));
      }
      command.addAll(arguments);
      return command;
    }
  }

  /// A broker to be started.
  ///
  /// @param folder for its configuration and its log; made where it is not there
  public static Launch in(Path folder) {
    return new Launch(folder);
  }

  /// Starts a broker and waits until it says that it is ready.
  public static PackagedBroker start(Path folder, Map<String, String> configuration)
      throws IOException, InterruptedException {
    return in(folder).with(configuration).startAndAwaitReady();
  }

  /// A port that nobody listens on.
  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /// Waits until the broker says that it is ready; fails with its log where it ends before.
  public void awaitReady() throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(management("/q/health/ready"))
            .timeout(Duration.ofSeconds(5))
            .build();
    long deadline = System.nanoTime() + LONGEST_START.toNanos();
    try (HttpClient http = HttpClient.newHttpClient()) {
      while (System.nanoTime() - deadline < 0) {
        if (process.waitFor(BETWEEN_ATTEMPTS_MILLIS, TimeUnit.MILLISECONDS)) {
          throw new AssertionError("the broker ended while it started:\n" + log());
        }
        if (isReady(http, request)) {
          return;
        }
      }
    }
    throw new AssertionError("the broker did not become ready:\n" + log());
  }

  private static boolean isReady(HttpClient http, HttpRequest request) throws InterruptedException {
    try {
      return http.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
    } catch (IOException e) {
      return false;
    }
  }

  public int grpcPort() {
    return grpcPort;
  }

  /// An address of the management interface.
  public URI management(String path) {
    return URI.create("http://127.0.0.1:" + managementPort + path);
  }

  /// What the management interface answers, e.g. at `/q/health`, whatever the status.
  public String get(String path) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(management(path)).build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }

  /// A client over plaintext, the same at each call; closed with the broker.
  public synchronized BrokerClient client() {
    if (client == null) {
      client = new BrokerClient("127.0.0.1", grpcPort);
    }
    return client;
  }

  public boolean isAlive() {
    return process.isAlive();
  }

  /// The operating system's process.
  public ProcessHandle process() {
    return process.toHandle();
  }

  /// What it has logged so far; nothing where a device takes it.
  public String log() {
    if (!Files.isRegularFile(log)) {
      return "";
    }
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// How many lines of the log contain a text.
  public long logged(String text) {
    return log().lines().filter(line -> line.contains(text)).count();
  }

  /// Sends a signal by its name, e.g. `STOP`, `CONT`, `TERM`, `KILL`.
  public void signal(String name) throws IOException, InterruptedException {
    Process kill =
        new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).inheritIO().start();
    if (kill.waitFor() != 0) {
      throw new IOException("kill -" + name + " failed");
    }
  }

  /// Waits for the end of the process.
  ///
  /// @return its exit code
  public int awaitEnd(Duration longest) throws InterruptedException {
    if (!process.waitFor(longest.toMillis(), TimeUnit.MILLISECONDS)) {
      throw new AssertionError("the broker did not end:\n" + log());
    }
    return process.exitValue();
  }

  /// Ends the broker, by force where it does not end by itself.
  @Override
  public void close() {
    synchronized (this) {
      if (client != null) {
        client.close();
      }
    }
    process.destroy();
    try {
      if (!process.waitFor(LONGEST_STOP.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
