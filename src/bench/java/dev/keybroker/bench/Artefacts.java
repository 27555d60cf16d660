package dev.keybroker.bench;

import dev.keybroker.bench.CheckedClient.Wrapped;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/// Compares the jar, the jar with an AOT cache of the JDK, and the native executable:
/// `--executable=FILE [--rounds=N] [--seconds=S] [--update-docs]`. `src/bench/artefacts.sh` builds
/// them and calls this.
///
/// Each round measures all three, one after the other.
public final class Artefacts {
  private static final int CALLS_EACH = 50_000;
  private static final int CALLERS = 64;
  private static final long IDLE_MILLIS = 2_000;
  private static final long LONGEST_START_NANOS = 120_000_000_000L;

  private final Options options;
  private final Path folder;
  private final Services services;
  private final CheckedClient sessionOff;
  private final Comparison table;

  private Artefacts(
      Options options, Path folder, Services services, CheckedClient sessionOff, Comparison table) {
    this.options = options;
    this.folder = folder;
    this.services = services;
    this.sessionOff = sessionOff;
    this.table = table;
  }

  /// Runs the comparison and prints its table.
  public static void main(String[] args) throws IOException, InterruptedException {
    List<String> others = new ArrayList<>();
    Path executable = null;
    for (String arg : args) {
      if (arg.startsWith("--executable=")) {
        executable = Path.of(arg.substring(arg.indexOf('=') + 1));
      } else {
        others.add(arg);
      }
    }
    if (executable == null || !Files.isExecutable(executable)) {
      throw new IllegalArgumentException("--executable=FILE is missing, or is not executable");
    }
    Options options = Options.of(others.toArray(String[]::new));
    Path folder =
        Files.createTempDirectory(Files.createDirectories(Path.of("target/bench/runs")), "run-")
            .toAbsolutePath();
    try (Services services = Services.start(folder);
        Broker other =
            Broker.start(
                folder.resolve("session-off"),
                services.configuration(),
                Bench.sessionOffSettings(),
                List.of());
        CheckedClient sessionOff = new CheckedClient(other)) {
      String key = Bench.kmsKey(services);
      Bench.create(other, "p256", KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256, key);
      Bench.create(other, "rsa3072", KeyPairSpec.KEY_PAIR_SPEC_RSA_3072, key);
      Comparison table = new Comparison(options);
      new Artefacts(options, folder, services, sessionOff, table).run(executable);
      table.write();
    }
  }

  private void run(Path executable) throws IOException, InterruptedException {
    Path cache = folder.resolve("broker.aot");
    train(Artefact.jar("training", List.of("-XX:AOTCacheOutput=" + cache)));
    if (!Files.exists(cache)) {
      throw new IOException("the JVM wrote no AOT cache");
    }
    List<Artefact> artefacts =
        List.of(
            Artefact.jar("jar", List.of()),
            Artefact.jar("jar, AOT cache", List.of("-XX:AOTCache=" + cache), cache),
            Artefact.executable(executable));
    for (int round = 1; round <= options.rounds(); round++) {
      for (Artefact artefact : artefacts) {
        System.err.println("round " + round + " of " + options.rounds() + ", " + artefact.name());
        table.add("size, MiB (without a JVM)", artefact, artefact.mebibytes());
        // With the whole machine, as a pod without a CPU limit starts.
        try (Broker broker = launch(artefact, new ProcessBuilder(artefact.command()))) {
          table.add("ms from exec to the first wrap", artefact, firstWrap(broker));
        }
        measure(artefact);
      }
    }
  }

  private void train(Artefact artefact) throws IOException, InterruptedException {
    System.err.println("training");
    try (Broker broker = launch(artefact, new ProcessBuilder(artefact.command()))) {
      firstWrap(broker);
      try (CheckedClient client = new CheckedClient(broker)) {
        client.unwraps(
            Bench.keystore("rsa3072"), client.stock(Bench.keystore("rsa3072"), 2_000), CALLERS);
        client.unwraps(
            Bench.keystore("p256"), client.stock(Bench.keystore("p256"), 2_000), CALLERS);
      }
    }
  }

  private Broker launch(Artefact artefact, ProcessBuilder command) throws IOException {
    return Broker.launch(
        folder.resolve(artefact.name().replaceAll("\\W+", "-")),
        services.configuration(),
        Bench.settings(),
        command);
  }

  /// Milliseconds from now, just after exec, until a wrap is answered.
  private static double firstWrap(Broker broker) throws IOException {
    long start = System.nanoTime();
    while (System.nanoTime() - start < LONGEST_START_NANOS) {
      if (!broker.isAlive()) {
        throw new IOException("the broker ended while it started");
      }
      if (isOpen(broker.port())) {
        try (CheckedClient client = new CheckedClient(broker)) {
          client.wrap(Bench.keystore("rsa3072"));
          return (System.nanoTime() - start) / 1e6;
        } catch (StatusRuntimeException notYet) {
          if (notYet.getStatus().getCode() != Code.UNAVAILABLE) {
            throw notYet;
          }
        }
      }
      LockSupport.parkNanos(1_000_000);
    }
    throw new IOException("the broker does not answer");
  }

  private static boolean isOpen(int port) {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      return socket.isConnected();
    } catch (IOException notYet) {
      return false;
    }
  }

  /// Memory and throughput on the server's core.
  private void measure(Artefact artefact) throws IOException, InterruptedException {
    String rsa = Bench.keystore("rsa3072");
    try (Broker broker = launch(artefact, Cores.SERVER.command(artefact.command()))) {
      table.add("the same, on one core", artefact, firstWrap(broker));
      Thread.sleep(IDLE_MILLIS);
      table.add("resident MiB, idle", artefact, broker.mebibytes());
      try (CheckedClient client = new CheckedClient(broker)) {
        List<Wrapped> wrapped = client.stock(rsa, CALLS_EACH);
        client.unwraps(rsa, wrapped, CALLERS);
        table.add("resident MiB after 100,000 calls", artefact, broker.mebibytes());
        for (Map.Entry<String, String> spec :
            List.of(Map.entry("rsa3072", "RSA_3072"), Map.entry("p256", "P256"))) {
          throughput(artefact, broker, client, spec.getKey(), spec.getValue());
        }
      }
      table.add("resident MiB after all loads", artefact, broker.mebibytes());
    }
  }

  private void throughput(
      Artefact artefact, Broker broker, CheckedClient client, String spec, String name)
      throws IOException, InterruptedException {
    String keystore = Bench.keystore(spec);
    WrapDekResponse answer = client.wrap(keystore);
    Wire wrap = Wire.wrap(keystore, answer);
    Wire unwrap = Wire.unwrap(keystore, answer);
    load(broker, wrap, 2 * options.seconds());
    table.add("WrapDek " + name + ", session, /s", artefact, load(broker, wrap, options.seconds()));
    load(broker, unwrap, 2 * options.seconds());
    table.add(
        "UnwrapDek " + name + ", z repeated, /s",
        artefact,
        load(broker, unwrap, options.seconds()));
    int size = (int) (options.seconds() * (spec.equals("p256") ? 8_000 : 1_000));
    client.unwraps(keystore, sessionOff.stock(keystore, size), CALLERS);
    table.add(
        "UnwrapDek " + name + ", z new, /s",
        artefact,
        client.unwraps(keystore, sessionOff.stock(keystore, size), CALLERS).perSecond());
  }

  private double load(Broker broker, Wire wire, double seconds)
      throws IOException, InterruptedException {
    return wire.load(broker, 8, CALLERS / 8, seconds, folder).perSecond();
  }
}
