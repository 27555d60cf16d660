package dev.keybroker.bench;

import dev.keybroker.bench.CheckedClient.Wrapped;
import dev.keybroker.v1.WrapDekResponse;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/// The loads, round by round.
final class Measurements implements AutoCloseable {
  private static final List<String> SPECS = List.of("p256", "rsa2048", "rsa3072");
  private static final int CALLERS = 64;

  /// Callers as connections and calls under way on each.
  private static final Map<Integer, int[]> CONCURRENCY = concurrency();

  private final Options options;
  private final Path folder;
  private final Services services;
  private final Broker broker;
  private final Broker sessionOff;
  private final Broker audited;
  private final Report report;
  private final CheckedClient client;
  private final CheckedClient sessionOffClient;
  private final CheckedClient auditedClient;
  private final KmsPerRecording kms;
  private final Map<String, Wire> wraps = new LinkedHashMap<>();
  private final Map<String, Wire> unwraps = new LinkedHashMap<>();
  private final Map<String, Wrapped> wrapped = new LinkedHashMap<>();

  Measurements(
      Options options,
      Path folder,
      Services services,
      Broker broker,
      Broker sessionOff,
      Broker audited,
      String key,
      Report report) {
    this.options = options;
    this.folder = folder;
    this.services = services;
    this.broker = broker;
    this.sessionOff = sessionOff;
    this.audited = audited;
    this.report = report;
    this.client = new CheckedClient(broker);
    this.sessionOffClient = new CheckedClient(sessionOff);
    this.auditedClient = new CheckedClient(audited);
    this.kms = new KmsPerRecording(services.kms(), key);
    SPECS.forEach(this::prepare);
  }

  private static Map<Integer, int[]> concurrency() {
    Map<Integer, int[]> concurrency = new LinkedHashMap<>();
    concurrency.put(1, new int[] {1, 1});
    concurrency.put(8, new int[] {8, 1});
    concurrency.put(CALLERS, new int[] {8, 8});
    concurrency.put(256, new int[] {8, 32});
    return concurrency;
  }

  private void prepare(String spec) {
    String keystore = Bench.keystore(spec);
    WrapDekResponse answer = client.wrap(keystore);
    wraps.put(spec, Wire.wrap(keystore, answer));
    unwraps.put(spec, Wire.unwrap(keystore, answer));
    wrapped.put(spec, new Wrapped(answer.getWrappedDek(), answer.getDek()));
  }

  void run() throws IOException, InterruptedException, SQLException {
    warmUp();
    if (auditOnly()) {
      for (int round = 1; round <= options.rounds(); round++) {
        audit();
      }
      return;
    }
    for (int round = 1; round <= options.rounds(); round++) {
      System.err.println("round " + round + " of " + options.rounds());
      Openssl openssl = Openssl.measure();
      throughput(openssl);
      audit();
      callers();
      storm(openssl);
    }
    calls();
    services.kmsLatency(0);
    // The client has a core of its own: KMS moves to the broker's, which is idle meanwhile.
    Cores.SERVER.take(services.pid());
    for (int round = 1; round <= options.rounds(); round++) {
      kmsPerRecording();
    }
    Cores.LOADER.take(services.pid());
    services.kmsLatency(0);
  }

  private boolean auditOnly() {
    return options.part() == Options.Part.AUDIT;
  }

  private void warmUp() throws IOException, InterruptedException {
    for (CheckedClient each : List.of(client, sessionOffClient, auditedClient)) {
      SPECS.forEach(spec -> each.begin(Bench.keystore(spec)));
    }
    WarmUp loads =
        new WarmUp()
            .with("wrap audited", () -> perSecond(audited, wrap("rsa3072")))
            .with("unwrap audited", () -> perSecond(audited, unwrap("rsa3072")))
            .with("z new p256 audited", () -> unwrapNew(auditedClient, "p256", 0.0002));
    warmUp(loads, "rsa3072");
    loads.with("z new p256", () -> unwrapNew(client, "p256", 0.0002));
    if (!auditOnly()) {
      warmUp(loads, "p256");
      warmUp(loads, "rsa2048");
      for (String spec : SPECS) {
        loads
            .with("echo " + spec, () -> perSecond(broker, wrap(spec).echo()))
            .with("session off " + spec, () -> perSecond(sessionOff, wrap(spec)));
      }
      loads
          .with("GenerateDataKey", () -> kms.wraps(CALLERS, options.seconds()).perSecond())
          .with("Decrypt", () -> kms.unwraps(CALLERS, options.seconds()).perSecond());
    }
    loads.run();
  }

  private void warmUp(WarmUp loads, String spec) {
    loads
        .with("wrap " + spec, () -> perSecond(broker, wrap(spec)))
        .with("unwrap " + spec, () -> perSecond(broker, unwrap(spec)));
  }

  private Wire wrap(String spec) {
    return wraps.get(spec);
  }

  private Wire unwrap(String spec) {
    return unwraps.get(spec);
  }

  private Latencies load(Broker on, Wire wire, int callers, double seconds)
      throws IOException, InterruptedException {
    int[] shape = CONCURRENCY.get(callers);
    return wire.load(on, shape[0], shape[1], seconds, folder);
  }

  private double perSecond(Broker on, Wire wire) throws IOException, InterruptedException {
    return load(on, wire, CALLERS, options.seconds()).perSecond();
  }

  /// Unwraps DEKs that each have an encapsulated secret of their own, never seen by its broker.
  private double unwrapNew(CheckedClient from, String spec, double secondsEach) {
    String keystore = Bench.keystore(spec);
    List<Wrapped> stock =
        sessionOffClient.stock(keystore, Math.max(200, (int) (options.seconds() / secondsEach)));
    return from.unwraps(keystore, stock, CALLERS).perSecond();
  }

  private void throughput(Openssl openssl) throws IOException, InterruptedException {
    for (String spec : SPECS) {
      double echo = perSecond(broker, wrap(spec).echo());
      double session = perSecond(broker, wrap(spec));
      report.row("WrapDek " + name(spec) + ", session", "echo", 0.8).add(session, echo);
      if (spec.equals("rsa3072")) {
        double off = perSecond(sessionOff, wrap(spec));
        report
            .row("WrapDek " + name(spec) + ", session off", "limit", 0.85)
            .add(off, 1 / (1 / echo + openssl.rsa3072Public()));
        report.row("WrapDek " + name(spec) + ", session off", "echo", 0).add(off, echo);
      }
      // What a session wraps must unwrap.
      client.unwraps(Bench.keystore(spec), client.stock(Bench.keystore(spec), 500), CALLERS);
    }
    for (String spec : SPECS) {
      double bare = bare(openssl, spec);
      double echo = perSecond(broker, unwrap(spec).echo());
      double again = perSecond(broker, unwrap(spec));
      report.row("UnwrapDek " + name(spec) + ", z repeated", "echo", 0.75).add(again, echo);
      double limit = 1 / (1 / echo + bare);
      report
          .row("UnwrapDek " + name(spec) + ", z new", "limit", 0.85)
          .add(unwrapNew(client, spec, 1 / limit), limit);
    }
  }

  /// What records cost, against the same call without any.
  private void audit() throws IOException, InterruptedException {
    Wire unwrap = unwrap("rsa3072");
    double off = perSecond(broker, unwrap);
    report
        .row("UnwrapDek RSA_3072, z repeated, audit `durable`", "audit `off`", 0.8)
        .add(perSecond(audited, unwrap), off);
    Map.of("p256", 0.0002, "rsa3072", 0.0012)
        .forEach(
            (spec, secondsEach) -> {
              // Each finds its private KEK in memory: KMS is asked before it is measured.
              client.begin(Bench.keystore(spec));
              auditedClient.begin(Bench.keystore(spec));
              double newOff = unwrapNew(client, spec, secondsEach);
              report
                  .row("UnwrapDek " + name(spec) + ", z new, audit `durable`", "audit `off`", 0.8)
                  .add(unwrapNew(auditedClient, spec, secondsEach), newOff);
            });
    Wire wrap = wrap("rsa3072");
    double wrapOff = perSecond(broker, wrap);
    report
        .row("WrapDek RSA_3072, session, audit `async`", "audit `off`", 0)
        .add(perSecond(audited, wrap), wrapOff);
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
      Latencies echo = load(broker, wrap("rsa3072").echo(), callers, options.seconds());
      Latencies wrap = load(broker, wrap("rsa3072"), callers, options.seconds());
      Latencies unwrap = load(broker, unwrap("rsa3072"), callers, options.seconds());
      report.latencies("echo", callers, echo);
      report.latencies("WrapDek RSA_3072, session", callers, wrap);
      report.latencies("UnwrapDek RSA_3072, z repeated", callers, unwrap);
    }
  }

  /// Wraps beside as many RSA_3072 unwraps as the broker can do.
  private void storm(Openssl openssl) throws IOException, InterruptedException {
    for (int callers : new int[] {1, 8}) {
      Latencies alone = load(broker, wrap("rsa3072"), callers, options.seconds());
      String keystore = Bench.keystore("rsa3072");
      int size = (int) ((options.seconds() + 2) / openssl.rsa3072Private());
      List<Wrapped> stock = sessionOffClient.stock(keystore, size);
      CompletableFuture<Latencies> storm =
          CompletableFuture.supplyAsync(() -> client.unwraps(keystore, stock, CALLERS));
      Latencies beside = load(broker, wrap("rsa3072"), callers, options.seconds());
      if (storm.isDone()) {
        storm.join();
        throw new IllegalStateException("the storm of unwraps was over before the wraps were");
      }
      storm.join();
      report
          .atMost("p99 of WrapDek beside a storm of RSA_3072 unwraps, callers: " + callers, 2)
          .add(beside.p99(), alone.p99());
    }
  }

  private void calls() throws IOException, InterruptedException, SQLException {
    System.err.println("counting the calls of stores and KMS");
    Map<String, Wire> wires = new LinkedHashMap<>();
    wires.put("WrapDek RSA_3072, session", wrap("rsa3072"));
    wires.put("UnwrapDek RSA_3072, z repeated", unwrap("rsa3072"));
    Services.Calls before = settled();
    for (Map.Entry<String, Wire> wire : wires.entrySet()) {
      double seconds = options.countSeconds();
      double answers = load(broker, wire.getValue(), CALLERS, seconds).perSecond() * seconds;
      Services.Calls after = settled();
      report.calls(wire.getKey(), seconds, answers, after.since(before));
      before = after;
    }
  }

  /// PostgreSQL publishes what an idle connection did after up to ten seconds.
  private Services.Calls settled() throws IOException, InterruptedException, SQLException {
    Thread.sleep(11_000);
    return services.calls();
  }

  private void kmsPerRecording() throws IOException, InterruptedException {
    String keystore = Bench.keystore("rsa3072");
    for (int callers : new int[] {1, CALLERS}) {
      double wrap = client.wraps(keystore, callers, options.seconds()).perSecond();
      double unwrap =
          client
              .unwrapsAgain(keystore, wrapped.get("rsa3072"), callers, options.seconds())
              .perSecond();
      for (int latency : new int[] {0, 10}) {
        services.kmsLatency(latency);
        String at = ", " + latency + " ms, callers: " + callers;
        double target = latency == 10 && callers == 1 ? 50 : 0;
        report
            .row("WrapDek RSA_3072", "one kms:GenerateDataKey each" + at, target)
            .add(wrap, kms.wraps(callers, options.seconds()).perSecond());
        report
            .row("UnwrapDek RSA_3072, z repeated", "one kms:Decrypt each" + at, target)
            .add(unwrap, kms.unwraps(callers, options.seconds()).perSecond());
      }
      services.kmsLatency(0);
    }
  }

  @Override
  public void close() {
    client.close();
    sessionOffClient.close();
    auditedClient.close();
    kms.close();
  }
}
