package dev.keybroker.embedded;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A PostgreSQL server on a free loopback port, which can be made to fail.
public final class PostgresServer implements AutoCloseable {
  private static final Duration LONGEST_START = Duration.ofSeconds(60);

  private final EmbeddedPostgres server;
  private final Path data;
  private @Nullable Process restarted;

  private PostgresServer(EmbeddedPostgres server, Path data) {
    this.server = server;
    this.data = data;
  }

  /// @param folder holds the binaries and the data; existing data is used
  /// @param durable whether a commit is on disk when it is answered
  static PostgresServer start(Path folder, boolean durable) {
    try {
      Path binaries = Files.createDirectories(folder.resolve("postgres-binaries"));
      Path data = folder.resolve("postgres");
      EmbeddedPostgres.Builder builder =
          EmbeddedPostgres.builder()
              .setOverrideWorkingDirectory(binaries.toFile())
              .setDataDirectory(data)
              .setCleanDataDirectory(false)
              .setServerConfig("listen_addresses", "127.0.0.1")
              .setServerConfig("max_connections", "100")
              .setServerConfig("fsync", durable ? "on" : "off")
              .setServerConfig("synchronous_commit", durable ? "on" : "off")
              .setPGStartupWait(LONGEST_START);
      return new PostgresServer(builder.start(), data);
    } catch (IOException e) {
      throw new UncheckedIOException("PostgreSQL did not start in " + folder, e);
    }
  }

  int port() {
    return server.getPort();
  }

  /// What happens during an outage.
  public interface Meanwhile {
    void run() throws InterruptedException;
  }

  /// Ends the server as a power cut does, and starts it again after a while.
  public void crash(Duration away) throws IOException, InterruptedException {
    crash(() -> TimeUnit.NANOSECONDS.sleep(away.toNanos()));
  }

  /// Ends the server as a power cut does, and starts it again afterwards.
  public void crash(Meanwhile meanwhile) throws IOException, InterruptedException {
    ProcessHandle master = master();
    List<String> command = new ArrayList<>();
    if (System.getProperty("user.name").equals("root")) {
      // The server refuses to be root; so does what started it first.
      command.addAll(List.of("unshare", "-U"));
    }
    command.add(master.info().command().orElseThrow());
    command.addAll(List.of(master.info().arguments().orElseThrow()));
    List<ProcessHandle> all = Stream.concat(Stream.of(master), master.descendants()).toList();
    all.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle each : all) {
      each.onExit().join();
    }
    try {
      meanwhile.run();
    } finally {
      restarted =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(data.resolve("restarted.log").toFile())
              .start();
    }
  }

  /// Lets the server hang for a while: it answers nothing, and then all.
  public void freeze(Duration away) throws IOException, InterruptedException {
    freeze(() -> TimeUnit.NANOSECONDS.sleep(away.toNanos()));
  }

  /// Lets the server hang: it answers nothing, and then all.
  public void freeze(Meanwhile meanwhile) throws IOException, InterruptedException {
    ProcessHandle master = master();
    List<String> all =
        Stream.concat(Stream.of(master), master.descendants())
            .map(each -> Long.toString(each.pid()))
            .toList();
    signal("STOP", all);
    try {
      meanwhile.run();
    } finally {
      signal("CONT", all);
    }
  }

  private static void signal(String name, List<String> processes)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("kill", "-" + name));
    command.addAll(processes);
    new ProcessBuilder(command).start().waitFor();
  }

  private ProcessHandle master() throws IOException {
    String id = Files.readAllLines(data.resolve("postmaster.pid")).getFirst();
    return ProcessHandle.of(Long.parseLong(id.strip())).orElseThrow();
  }

  @Override
  public void close() {
    if (restarted != null) {
      // Nothing needs what it wrote any more.
      restarted.descendants().forEach(ProcessHandle::destroyForcibly);
      restarted.destroyForcibly();
    }
    try {
      server.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
