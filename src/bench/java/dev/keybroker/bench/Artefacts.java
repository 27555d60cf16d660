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
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/// Compares the jar, the jar with an AOT cache of the JDK, and the native executable:
/// `--executable=FILE [--before=DIR [--before-executable=FILE]] [--rounds=N] [--seconds=S]
/// [--update-docs]`. `src/bench/artefacts.sh` builds them and calls this.
///
/// Each round measures all of them, one after the other.
public final class Artefacts {
  private static final int CALLS_EACH = 50_000;
  private static final int CALLERS = 64;
  private static final long IDLE_MILLIS = 2_000;
  private static final long LONGEST_START_NANOS = 120_000_000_000L;

  private final Options options;
  private final Path folder;
  private final Map<Build, Stock> stocks;
  private final Comparison table;

  private Artefacts(Options options, Path folder, Map<Build, Stock> stocks, Comparison table) {
    this.options = options;
    this.folder = folder;
    this.stocks = stocks;
    this.table = table;
  }

  /// The stores of a side, and a broker that makes wrapped DEKs without sessions.
  private record Stock(Side side, Broker broker, CheckedClient sessionOff)
      implements AutoCloseable {
    static Stock start(Side side) throws IOException, InterruptedException {
      Broker broker = side.broker("session-off", Bench.sessionOffSettings());
      Bench.create(broker, "p256", KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256, side.key());
      Bench.create(broker, "rsa3072", KeyPairSpec.KEY_PAIR_SPEC_RSA_3072, side.key());
      return new Stock(side, broker, new CheckedClient(broker));
    }

    @Override
    public void close() {
      sessionOff.close();
      broker.close();
      side.close();
    }
  }

  /// Runs the comparison and prints its table.
  public static void main(String[] args) throws IOException, InterruptedException {
    List<String> others = new ArrayList<>();
    Map<Build, Path> executables = new EnumMap<>(Build.class);
    for (String arg : args) {
      Path file = Path.of(arg.substring(arg.indexOf('=') + 1));
      if (arg.startsWith("--executable=")) {
        executables.put(Build.NOW, file);
      } else if (arg.startsWith("--before-executable=")) {
        executables.put(Build.BEFORE, file);
      } else {
        others.add(arg);
      }
    }
    Options options = Options.of(others.toArray(String[]::new));
    if (!executables.containsKey(Build.NOW)
        || !executables.values().stream().allMatch(Files::isExecutable)) {
      throw new IllegalArgumentException("--executable=FILE is missing, or is not executable");
    }
    if (executables.containsKey(Build.BEFORE) && options.before() == null) {
      throw new IllegalArgumentException("--before-executable=FILE needs --before=DIR");
    }
    Path folder =
        Files.createTempDirectory(Files.createDirectories(Path.of("target/bench/runs")), "run-")
            .toAbsolutePath();
    Map<Build, Stock> stocks = new EnumMap<>(Build.class);
    try {
      stocks.put(Build.NOW, Stock.start(Side.start(Build.NOW, folder, Side.BENCH)));
      if (options.before() != null) {
        stocks.put(Build.BEFORE, Stock.start(Side.start(Build.BEFORE, folder, options.before())));
      }
      Comparison table = new Comparison(options);
      new Artefacts(options, folder, stocks, table).run(executables);
      table.write();
    } finally {
      stocks.values().forEach(Stock::close);
    }
  }

  private void run(Map<Build, Path> executables) throws IOException, InterruptedException {
    List<Artefact> artefacts = new ArrayList<>();
    for (Build build : stocks.keySet()) {
      Path application = build == Build.NOW ? Artefact.APPLICATION : options.before();
      String suffix = build == Build.NOW ? "" : " before";
      Path cache = folder.resolve(build + ".aot");
      train(Artefact.jar("training", build, application, List.of("-XX:AOTCacheOutput=" + cache)));
      if (!Files.exists(cache)) {
        throw new IOException("the JVM wrote no AOT cache");
      }
      artefacts.add(Artefact.jar("jar" + suffix, build, application, List.of()));
      artefacts.add(
          Artefact.jar(
              "jar, AOT cache" + suffix,
              build,
              application,
              List.of("-XX:AOTCache=" + cache),
              cache));
      Path executable = executables.get(build);
      if (executable != null) {
        artefacts.add(Artefact.executable("native" + suffix, build, executable));
      }
    }
    for (int round = 1; round <= options.rounds(); round++) {
      for (Artefact artefact : artefacts) {
        System.err.println("round " + round + " of " + options.rounds() + ", " + artefact.name());
        table.add("size, MiB (without a JVM)", artefact, artefact.mebibytes());
        // With the whole machine, as a pod without a CPU limit starts.
        try (Broker broker = launch(artefact, new ProcessBuilder(artefact.command()), Map.of())) {
          table.add("ms from exec to the first wrap", artefact, firstWrap(broker));
        }
        measure(artefact);
      }
    }
  }

  private void train(Artefact artefact) throws IOException, InterruptedException {
    System.err.println("training");
    try (Broker broker = launch(artefact, new ProcessBuilder(artefact.command()), Map.of())) {
      firstWrap(broker);
      try (CheckedClient client = new CheckedClient(broker)) {
        client.unwraps(
            Bench.keystore("rsa3072"), client.stock(Bench.keystore("rsa3072"), 2_000), CALLERS);
        client.unwraps(
            Bench.keystore("p256"), client.stock(Bench.keystore("p256"), 2_000), CALLERS);
      }
    }
  }

  private Broker launch(Artefact artefact, ProcessBuilder command, Map<String, String> more)
      throws IOException {
    Side side = stocks.get(artefact.build()).side();
    return Broker.launch(
        folder.resolve(artefact.name().replaceAll("\\W+", "-") + (more.isEmpty() ? "" : "-tls")),
        side.services().configuration(),
        side.settings(Bench.settings(more)),
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
    try (Broker broker = launch(artefact, Cores.SERVER.command(artefact.command()), Map.of())) {
      table.add("the same, on one core", artefact, firstWrap(broker));
      Thread.sleep(IDLE_MILLIS);
      table.add("resident MiB, idle", artefact, broker.mebibytes());
      try (CheckedClient client = new CheckedClient(broker)) {
        List<Wrapped> wrapped = client.stock(rsa, CALLS_EACH);
        client.unwraps(rsa, wrapped, CALLERS);
        table.add("resident MiB after 100,000 calls", artefact, broker.mebibytes());
        throughput(artefact, broker, client);
      }
      table.add("resident MiB after all loads", artefact, broker.mebibytes());
      tls(artefact, broker);
    }
  }

  /// Both brokers are warmed up in turn before they are measured.
  private void tls(Artefact artefact, Broker plaintext) throws IOException, InterruptedException {
    try (Broker secured =
        launch(artefact, Cores.SERVER.command(artefact.command()), Tls.certificate(folder))) {
      firstWrap(secured);
      try (CheckedClient client = new CheckedClient(secured)) {
        String keystore = Bench.keystore("p256");
        Wire wrap = Wire.wrap(keystore, client.wrap(keystore));
        new WarmUp()
            .with("plaintext", () -> load(plaintext, wrap))
            .with("TLS 1.3", () -> load(secured, wrap))
            .run();
        double without = load(plaintext, wrap);
        table.add(
            "WrapDek P256, session: TLS 1.3 ÷ plaintext", artefact, load(secured, wrap) / without);
      }
    }
  }

  private void throughput(Artefact artefact, Broker broker, CheckedClient client)
      throws IOException, InterruptedException {
    WarmUp cold = new WarmUp();
    Map<String, WarmUp.Load> loads = new LinkedHashMap<>();
    Map<String, String> specs = new TreeMap<>(Map.of("rsa3072", "RSA_3072", "p256", "P256"));
    specs.forEach(
        (name, spec) -> {
          String keystore = Bench.keystore(name);
          WrapDekResponse answer = client.wrap(keystore);
          Wire wrap = Wire.wrap(keystore, answer);
          Wire unwrap = Wire.unwrap(keystore, answer);
          loads.put("WrapDek " + spec + ", session, /s", () -> load(broker, wrap));
          loads.put("UnwrapDek " + spec + ", z repeated, /s", () -> load(broker, unwrap));
        });
    loads.forEach(cold::with);
    cold.run();
    for (Map.Entry<String, WarmUp.Load> load : loads.entrySet()) {
      table.add(load.getKey(), artefact, load.getValue().perSecond());
    }
    CheckedClient stock = stocks.get(artefact.build()).sessionOff();
    for (Map.Entry<String, String> spec : specs.entrySet()) {
      String keystore = Bench.keystore(spec.getKey());
      int size = (int) (options.seconds() * (spec.getKey().equals("p256") ? 8_000 : 1_000));
      client.unwraps(keystore, stock.stock(keystore, size), CALLERS);
      table.add(
          "UnwrapDek " + spec.getValue() + ", z new, /s",
          artefact,
          client.unwraps(keystore, stock.stock(keystore, size), CALLERS).perSecond());
    }
  }

  private double load(Broker broker, Wire wire) throws IOException, InterruptedException {
    return wire.load(broker, 8, CALLERS / 8, options.seconds(), folder).perSecond();
  }
}
