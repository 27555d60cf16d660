package dev.keybroker.bench;

import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.WrapDekRequest;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
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

  /// In steady use a session is made once in a minute, however many calls there are meanwhile. A
  /// short load would meet all of them at once, or none. So each keystore is called once before a
  /// load, and loads of many keystores last as long as a session.
  private static final double LONG_SECONDS = 60;

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

  static void measure(Options options, List<Side> sides, Report report)
      throws IOException, InterruptedException, SQLException {
    System.err.println("many keystores");
    List<List<InUse>> all = new ArrayList<>();
    try {
      for (Side side : sides) {
        List<InUse> brokers = new ArrayList<>();
        all.add(brokers);
        brokers.add(start(side, 0, FEW));
        brokers.add(start(side, FEW, SOME));
        brokers.add(start(side, SOME, MANY));
      }
      for (List<InUse> brokers : all) {
        for (InUse each : brokers) {
          each.warmUp(options.seconds());
        }
      }
      for (int round = 1; round <= options.rounds(); round++) {
        for (List<InUse> brokers : all) {
          round(options.seconds(), brokers, report);
        }
      }
      for (InUse each : all.getFirst()) {
        report.keystores().size(each.size(), each.broker, each.firstPerSecond);
      }
    } finally {
      all.forEach(brokers -> brokers.forEach(InUse::close));
    }
  }

  private static void round(double seconds, List<InUse> brokers, Report report) {
    Map<Access, Load> fewest = new EnumMap<>(Access.class);
    for (InUse each : brokers) {
      for (Access access : Access.values()) {
        Load load = each.load(access, seconds);
        if (each.build == Build.NOW) {
          report.keystores().load(each.size(), access, load);
        }
        if (each.size() == FEW) {
          fewest.put(access, load);
        } else {
          compare(report, each, access, load, fewest.get(access));
        }
      }
    }
  }

  private static void compare(Report report, InUse subject, Access access, Load load, Load fewest) {
    String name =
        "WrapDek P256, " + KeystoresTable.number(subject.size()) + " keystores, " + access.label();
    double target = subject.size() < MANY ? 0 : access == Access.ZIPF ? 0.85 : 0.6;
    report
        .row(name, FEW + " keystores", target)
        .add(subject.build, load.latencies.perSecond(), fewest.latencies.perSecond());
    report
        .row(name + ", by the broker's CPU time", FEW + " keystores", 0)
        .add(subject.build, 1e6 / load.cpuMicros, 1e6 / fewest.cpuMicros);
  }

  /// @param cpuMicros of the broker for each call
  record Load(Latencies latencies, double cpuMicros) {}

  private static InUse start(Side side, int known, int size)
      throws IOException, InterruptedException, SQLException {
    if (known > 0) {
      KeystoreCopies.make(side.services(), known, size);
    }
    Broker broker = side.broker("keystores-" + size, Bench.settings(ROOM), HEAP);
    if (known == 0) {
      Bench.create(
          broker, KeystoreCopies.original(), KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256, side.key());
      KeystoreCopies.make(side.services(), known, size);
    }
    return new InUse(side.build(), broker, size);
  }

  /// A broker, and the keystores that it is asked for.
  private static final class InUse implements AutoCloseable {
    private final Build build;
    private final Broker broker;
    private final CheckedClient client;
    private final List<WrapDekRequest> requests;
    private final Map<Access, LongToIntFunction> draws = new EnumMap<>(Access.class);
    private double firstPerSecond;

    InUse(Build build, Broker broker, int size) {
      this.build = build;
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
      client.wraps(requests, CALLERS);
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
