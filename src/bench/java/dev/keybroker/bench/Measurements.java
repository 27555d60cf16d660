package dev.keybroker.bench;

import dev.keybroker.bench.CheckedClient.Wrapped;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/// The loads, round by round.
final class Measurements implements AutoCloseable {
  private static final int CALLERS = 64;

  /// Callers as connections and calls under way on each.
  private static final Map<Integer, int[]> CONCURRENCY = concurrency();

  private final Options options;
  private final Path folder;
  private final Report report;
  private final Floor floor;
  private final List<Subject> subjects;
  private final Subject now;
  private final KmsPerRecording kms;

  /// @param subjects the build under measurement first
  private Measurements(
      Options options, Path folder, Report report, Floor floor, List<Subject> subjects) {
    this.options = options;
    this.folder = folder;
    this.report = report;
    this.floor = floor;
    this.subjects = subjects;
    this.now = subjects.getFirst();
    this.kms = new KmsPerRecording(now.side.services().kms(), now.side.key());
  }

  static Measurements start(Options options, Path folder, List<Side> sides, Report report)
      throws IOException, InterruptedException {
    Floor floor = Floor.start(folder);
    List<Subject> subjects = new ArrayList<>();
    for (Side side : sides) {
      subjects.add(Subject.start(side));
    }
    return new Measurements(options, folder, report, floor, subjects);
  }

  private static Map<Integer, int[]> concurrency() {
    Map<Integer, int[]> concurrency = new LinkedHashMap<>();
    concurrency.put(1, new int[] {1, 1});
    concurrency.put(8, new int[] {8, 1});
    concurrency.put(CALLERS, new int[] {8, 8});
    concurrency.put(256, new int[] {8, 32});
    return concurrency;
  }

  void run() throws IOException, InterruptedException, SQLException {
    warmUp();
    switch (options.part()) {
      case AUDIT -> {
        for (int round = 1; round <= options.rounds(); round++) {
          audit();
        }
      }
      case PEERS -> peers();
      default -> all();
    }
  }

  private void all() throws IOException, InterruptedException, SQLException {
    for (int round = 1; round <= options.rounds(); round++) {
      System.err.println("round " + round + " of " + options.rounds());
      Openssl openssl = Openssl.measure();
      throughput(openssl);
      audit();
      callers();
      for (Subject subject : subjects) {
        storm(subject, openssl);
      }
    }
    calls();
    Services services = now.side.services();
    services.kmsLatency(0);
    // The client has its own core: KMS moves to the broker's, which is idle meanwhile.
    Cores.SERVER.take(services.pid());
    for (int round = 1; round <= options.rounds(); round++) {
      kmsPerRecording(services);
    }
    Cores.LOADER.take(services.pid());
    services.kmsLatency(0);
  }

  private void warmUp() throws IOException, InterruptedException {
    WarmUp loads = new WarmUp();
    for (Subject subject : subjects) {
      subject.begin();
      warmUp(loads, subject);
    }
    if (options.part() == Options.Part.ALL) {
      for (String spec : Subject.SPECS) {
        loads.with("echo " + spec, () -> perSecond(now.broker, now.wrap(spec).echo()));
      }
      loads
          .with("floor", () -> perSecond(floor, now.wrap("rsa3072").echo()))
          .with("GenerateDataKey", () -> kms.wraps(CALLERS, options.seconds()).perSecond())
          .with("Decrypt", () -> kms.unwraps(CALLERS, options.seconds()).perSecond());
    }
    loads.run();
  }

  private void warmUp(WarmUp loads, Subject subject) {
    String on = subject.side.build() + ": ";
    loads
        .with(on + "unwrap", () -> perSecond(subject.broker, subject.unwrap("rsa3072")))
        .with(on + "wrap", () -> perSecond(subject.broker, subject.wrap("rsa3072")))
        .with(on + "z new p256", () -> unwrapNew(subject, subject.client, "p256", 0.0002));
    if (options.part() != Options.Part.PEERS) {
      loads
          .with(on + "wrap audited", () -> perSecond(subject.audited, subject.wrap("rsa3072")))
          .with(on + "unwrap audited", () -> perSecond(subject.audited, subject.unwrap("rsa3072")))
          .with(
              on + "z new p256 audited",
              () -> unwrapNew(subject, subject.auditedClient, "p256", 0.0002));
    }
    if (options.part() == Options.Part.ALL) {
      for (String spec : Subject.SPECS) {
        loads
            .with(on + "wrap " + spec, () -> perSecond(subject.broker, subject.wrap(spec)))
            .with(on + "unwrap " + spec, () -> perSecond(subject.broker, subject.unwrap(spec)))
            .with(
                on + "session off " + spec,
                () -> perSecond(subject.sessionOff, subject.wrap(spec)));
      }
    }
  }

  private Latencies load(Wire.Target on, Wire wire, int callers, double seconds)
      throws IOException, InterruptedException {
    int[] shape = CONCURRENCY.get(callers);
    return wire.load(on, shape[0], shape[1], seconds, folder);
  }

  private double perSecond(Wire.Target on, Wire wire) throws IOException, InterruptedException {
    return load(on, wire, CALLERS, options.seconds()).perSecond();
  }

  /// Unwraps DEKs that each have their own encapsulated secret, never seen by its broker.
  private double unwrapNew(Subject subject, CheckedClient from, String spec, double secondsEach) {
    List<Wrapped> stock =
        subject.newSecrets(spec, Math.max(200, (int) (options.seconds() / secondsEach)));
    return from.unwraps(Bench.keystore(spec), stock, CALLERS).perSecond();
  }

  private void throughput(Openssl openssl) throws IOException, InterruptedException {
    for (String spec : Subject.SPECS) {
      double echo = perSecond(now.broker, now.wrap(spec).echo());
      double least = perSecond(floor, now.wrap(spec).echo());
      for (Subject subject : subjects) {
        Build build = subject.side.build();
        String name = "WrapDek " + name(spec) + ", session";
        double session = perSecond(subject.broker, subject.wrap(spec));
        report.row(name, "floor", 0.55).add(build, session, least);
        report.row(name, "echo", 0).add(build, session, echo);
        if (spec.equals("rsa3072")) {
          double off = perSecond(subject.sessionOff, subject.wrap(spec));
          report
              .row(name + " off", "limit", 0.85)
              .add(build, off, 1 / (1 / least + openssl.rsa3072Public()));
          report.row(name + " off", "floor", 0).add(build, off, least);
        }
        // What a session wraps must unwrap.
        CheckedClient client = subject.client;
        client.unwraps(Bench.keystore(spec), client.stock(Bench.keystore(spec), 500), CALLERS);
      }
    }
    for (String spec : Subject.SPECS) {
      double echo = perSecond(now.broker, now.unwrap(spec).echo());
      double least = perSecond(floor, now.unwrap(spec).echo());
      double limit = 1 / (1 / least + bare(openssl, spec));
      for (Subject subject : subjects) {
        Build build = subject.side.build();
        double again = perSecond(subject.broker, subject.unwrap(spec));
        String name = "UnwrapDek " + name(spec);
        report.row(name + ", z repeated", "floor", 0.58).add(build, again, least);
        report.row(name + ", z repeated", "echo", 0).add(build, again, echo);
        report
            .row(name + ", z new", "limit", spec.equals("p256") ? 0.75 : 0.85)
            .add(build, unwrapNew(subject, subject.client, spec, 1 / limit), limit);
      }
    }
  }

  /// What records cost, against the same call without any.
  private void audit() throws IOException, InterruptedException {
    for (Subject subject : subjects) {
      // Each finds its private KEK in memory: KMS is asked before it is measured.
      for (String spec : List.of("p256", "rsa3072")) {
        subject.client.begin(Bench.keystore(spec));
        subject.auditedClient.begin(Bench.keystore(spec));
      }
    }
    audit(
        "UnwrapDek RSA_3072, z repeated",
        "durable",
        0.7,
        (subject, on) -> perSecond(on, subject.unwrap("rsa3072")));
    audit(
        "UnwrapDek P256, z new",
        "durable",
        0.85,
        (subject, on) -> unwrapNew(subject, client(subject, on), "p256", 0.0002));
    audit(
        "UnwrapDek RSA_3072, z new",
        "durable",
        0.8,
        (subject, on) -> unwrapNew(subject, client(subject, on), "rsa3072", 0.0012));
    audit(
        "WrapDek RSA_3072, session",
        "async",
        0,
        (subject, on) -> perSecond(on, subject.wrap("rsa3072")));
  }

  /// A load of one of a subject's brokers.
  private interface Load {
    double perSecond(Subject subject, Broker on) throws IOException, InterruptedException;
  }

  private static CheckedClient client(Subject subject, Broker on) {
    return on == subject.audited ? subject.auditedClient : subject.client;
  }

  private void audit(String name, String mode, double target, Load load)
      throws IOException, InterruptedException {
    for (Subject subject : subjects) {
      double off = load.perSecond(subject, subject.broker);
      double durable = load.perSecond(subject, subject.audited);
      report
          .row(name + ", audit `" + mode + "`", "audit `off`", target)
          .add(subject.side.build(), durable, off);
    }
  }

  /// Against libraries that wrap and unwrap in the caller's own process.
  private void peers() throws IOException, InterruptedException {
    try (Peers peers = Peers.start()) {
      for (String peer : List.of(Peers.ESDK, Peers.TINK)) {
        new WarmUp()
            .with(peer + ": wrap", () -> peers.wraps(peer, options.seconds()))
            .with(peer + ": unwrap", () -> peers.unwraps(peer, options.seconds()))
            .run();
      }
      for (int round = 1; round <= options.rounds(); round++) {
        peers(peers, Peers.ESDK, "rsa3072", 0.0012);
        peers(peers, Peers.TINK, "p256", 0.0002);
      }
    }
  }

  private void peers(Peers peers, String peer, String spec, double secondsEach)
      throws IOException, InterruptedException {
    double wraps = peers.wraps(peer, options.seconds());
    double unwraps = peers.unwraps(peer, options.seconds());
    for (Subject subject : subjects) {
      Build build = subject.side.build();
      report
          .row("WrapDek " + name(spec) + ", session", peer + ", encrypt", 0)
          .add(build, perSecond(subject.broker, subject.wrap(spec)), wraps);
      report
          .row("UnwrapDek " + name(spec) + ", z repeated", peer + ", decrypt", 0)
          .add(build, perSecond(subject.broker, subject.unwrap(spec)), unwraps);
      report
          .row("UnwrapDek " + name(spec) + ", z new", peer + ", decrypt", 0)
          .add(build, unwrapNew(subject, subject.client, spec, secondsEach), unwraps);
    }
  }

  private static double bare(Openssl openssl, String spec) {
    return switch (spec) {
      case "p256" -> openssl.p256();
      case "rsa2048" -> openssl.rsa2048Private();
      default -> openssl.rsa3072Private();
    };
  }

  private static String name(String spec) {
    return spec.equals("p256") ? "P256" : spec.replace("rsa", "RSA_");
  }

  private void callers() throws IOException, InterruptedException {
    for (int callers : CONCURRENCY.keySet()) {
      Wire empty = now.wrap("rsa3072").echo();
      Latencies least = load(floor, empty, callers, options.seconds());
      Latencies echo = load(now.broker, empty, callers, options.seconds());
      Latencies wrap = load(now.broker, now.wrap("rsa3072"), callers, options.seconds());
      Latencies unwrap = load(now.broker, now.unwrap("rsa3072"), callers, options.seconds());
      report.latencies("floor", callers, least);
      report.latencies("echo", callers, echo);
      report.latencies("WrapDek RSA_3072, session", callers, wrap);
      report.latencies("UnwrapDek RSA_3072, z repeated", callers, unwrap);
    }
  }

  /// Wraps next to as many RSA_3072 unwraps as the broker can do.
  private void storm(Subject subject, Openssl openssl) throws IOException, InterruptedException {
    for (int callers : new int[] {1, 8}) {
      Wire wrap = subject.wrap("rsa3072");
      Latencies alone = load(subject.broker, wrap, callers, options.seconds());
      String keystore = Bench.keystore("rsa3072");
      int size = (int) ((options.seconds() + 2) / openssl.rsa3072Private());
      List<Wrapped> stock = subject.newSecrets("rsa3072", size);
      CompletableFuture<Latencies> storm =
          CompletableFuture.supplyAsync(() -> subject.client.unwraps(keystore, stock, CALLERS));
      Latencies beside = load(subject.broker, wrap, callers, options.seconds());
      if (storm.isDone()) {
        storm.join();
        throw new IllegalStateException("the storm of unwraps was over before the wraps were");
      }
      storm.join();
      report
          .atMost("p99 of WrapDek beside a storm of RSA_3072 unwraps, callers: " + callers, 2)
          .add(subject.side.build(), beside.p99(), alone.p99());
    }
  }

  private void calls() throws IOException, InterruptedException, SQLException {
    System.err.println("counting the calls of stores and KMS");
    Map<String, Wire> wires = new LinkedHashMap<>();
    wires.put("WrapDek RSA_3072, session", now.wrap("rsa3072"));
    wires.put("UnwrapDek RSA_3072, z repeated", now.unwrap("rsa3072"));
    Services.Calls before = settled();
    for (Map.Entry<String, Wire> wire : wires.entrySet()) {
      double seconds = options.countSeconds();
      double answers = load(now.broker, wire.getValue(), CALLERS, seconds).perSecond() * seconds;
      Services.Calls after = settled();
      report.calls(wire.getKey(), seconds, answers, after.since(before));
      before = after;
    }
  }

  /// PostgreSQL publishes what an idle connection did after up to ten seconds.
  private Services.Calls settled() throws IOException, InterruptedException, SQLException {
    Thread.sleep(11_000);
    return now.side.services().calls();
  }

  private void kmsPerRecording(Services services) throws IOException, InterruptedException {
    String keystore = Bench.keystore("rsa3072");
    for (int callers : new int[] {1, CALLERS}) {
      double wrap = now.client.wraps(keystore, callers, options.seconds()).perSecond();
      double unwrap =
          now.client
              .unwrapsAgain(keystore, now.wrapped("rsa3072"), callers, options.seconds())
              .perSecond();
      for (int latency : new int[] {0, 10}) {
        services.kmsLatency(latency);
        String at = ", " + latency + " ms, callers: " + callers;
        double target = latency == 10 && callers == 1 ? 50 : 0;
        report
            .row("WrapDek RSA_3072", "one kms:GenerateDataKey each" + at, target)
            .add(Build.NOW, wrap, kms.wraps(callers, options.seconds()).perSecond());
        report
            .row("UnwrapDek RSA_3072, z repeated", "one kms:Decrypt each" + at, target)
            .add(Build.NOW, unwrap, kms.unwraps(callers, options.seconds()).perSecond());
      }
      services.kmsLatency(0);
    }
  }

  @Override
  public void close() {
    subjects.forEach(Subject::close);
    floor.close();
    kms.close();
  }
}
