package dev.keybroker.bench;

import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.WrapDekRequest;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongToIntFunction;
import java.util.stream.IntStream;

/// What 10, 1,000 and 100,000 keystores in use cost: a broker for each, which wraps for all of
/// them.
final class ManyKeystores {
  private static final int FEW = 10;
  private static final int SOME = 1_000;
  private static final int MANY = 100_000;
  private static final int CALLERS = 64;

  /// In steady use a record is read once in half a minute and a session made once in a minute,
  /// however many calls there are meanwhile. A short load after a pause would meet all of them at
  /// once; so loads of many keystores are long, and before those of fewer each is called once.
  private static final double LONG_SECONDS = 15;

  /// 100,000 keystores fill two thirds of the other brokers' 512 MiB; the serial collector then
  /// collects the whole heap every other second.
  private static final List<String> HEAP = List.of("-Xmx1g");

  /// What the default settings bound for a pod of 256 MiB.
  private static final Map<String, String> ROOM =
      Map.of(
          "keybroker.kek.max-record-bytes", "536870912",
          "keybroker.wrap-session.max-sessions", "200000",
          "keybroker.root-key.max", "200000");

  private ManyKeystores() {}

  static void measure(Options options, Path folder, Services services, String key, Report report)
      throws IOException, InterruptedException, SQLException {
    System.err.println("many keystores");
    KeystoresTable table = report.keystores();
    try (InUse few = start(folder, services, key, 0, FEW);
        InUse some = start(folder, services, key, FEW, SOME);
        InUse many = start(folder, services, key, SOME, MANY)) {
      List<InUse> all = List.of(few, some, many);
      for (InUse each : all) {
        each.warmUp(options.seconds());
      }
      for (int round = 1; round <= options.rounds(); round++) {
        Map<Access, Load> fewest = new EnumMap<>(Access.class);
        for (InUse each : all) {
          for (Access access : Access.values()) {
            Load load = each.load(access, options.seconds());
            table.load(each.size(), access, load);
            if (each == few) {
              fewest.put(access, load);
            } else {
              compare(report, each, access, load, fewest.get(access));
            }
          }
        }
      }
      for (InUse each : all) {
        table.size(each.size(), each.broker, each.firstPerSecond);
      }
    }
  }

  private static void compare(Report report, InUse subject, Access access, Load load, Load fewest) {
    String name =
        "WrapDek P256, " + KeystoresTable.number(subject.size()) + " keystores, " + access.label();
    double target = subject.size() == MANY && access == Access.ZIPF ? 0.9 : 0;
    report
        .row(name, FEW + " keystores", target)
        .add(load.latencies.perSecond(), fewest.latencies.perSecond());
    report
        .row(name + ", by the broker's CPU time", FEW + " keystores", 0)
        .add(1e6 / load.cpuMicros, 1e6 / fewest.cpuMicros);
  }

  /// @param cpuMicros of the broker for each call
  record Load(Latencies latencies, double cpuMicros) {}

  private static InUse start(Path folder, Services services, String key, int known, int size)
      throws IOException, InterruptedException, SQLException {
    if (known > 0) {
      KeystoreCopies.make(services, known, size);
    }
    Broker broker =
        Broker.start(
            folder.resolve("keystores-" + size),
            services.configuration(),
            Bench.settings(ROOM),
            HEAP);
    if (known == 0) {
      Bench.create(broker, KeystoreCopies.original(), KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256, key);
      KeystoreCopies.make(services, known, size);
    }
    return new InUse(broker, size);
  }

  /// A broker, and the keystores that it is asked for.
  private static final class InUse implements AutoCloseable {
    private final Broker broker;
    private final CheckedClient client;
    private final List<WrapDekRequest> requests;
    private final Map<Access, LongToIntFunction> draws = new EnumMap<>(Access.class);
    private double firstPerSecond;

    InUse(Broker broker, int size) {
      this.broker = broker;
      this.client = new CheckedClient(broker);
      this.requests =
          IntStream.range(0, size)
              .mapToObj(KeystoreCopies::name)
              .map(CheckedClient::wrapRequest)
              .toList();
      for (Access access : Access.values()) {
        draws.put(access, access.among(size));
      }
    }

    int size() {
      return requests.size();
    }

    void warmUp(double seconds) throws IOException, InterruptedException {
      // One keystore first: what is measured then is the reading of records, not the JIT's start.
      String name = KeystoresTable.number(size()) + " keystores";
      new WarmUp()
          .with(
              name + ", one called",
              () -> client.wraps(call -> requests.getFirst(), CALLERS, seconds).perSecond())
          .run();
      double first = client.wraps(requests, CALLERS).perSecond();
      firstPerSecond = size() < MANY ? 0 : first;
      WarmUp each = new WarmUp();
      for (Access access : Access.values()) {
        each.with(
            name + ", " + access.label(), () -> loadFor(3 * seconds, access).latencies.perSecond());
      }
      each.run();
    }

    Load load(Access access, double seconds) {
      return loadFor(size() < MANY ? seconds : Math.max(seconds, LONG_SECONDS), access);
    }

    private Load loadFor(double length, Access access) {
      if (size() < MANY) {
        client.wraps(requests, CALLERS);
      }
      LongToIntFunction drawn = draws.get(access);
      long first = ThreadLocalRandom.current().nextInt(1 << 20);
      double before = broker.cpuSeconds();
      Latencies measured =
          client.wraps(call -> requests.get(drawn.applyAsInt(first + call)), CALLERS, length);
      double calls = measured.perSecond() * length;
      return new Load(measured, (broker.cpuSeconds() - before) / calls * 1e6);
    }

    @Override
    public void close() {
      client.close();
      broker.close();
    }
  }
}
