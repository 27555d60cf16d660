package dev.keybroker.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.keybroker.PackagedBroker;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A broker that is started while what it needs is away: it starts, serves what it can, and becomes
/// whole by itself.
@Tag("faults")
@SuppressWarnings("NullAway.Init") // set before all tests
class StartUpFaultsIT {
  private static final Duration LONGEST_START = Duration.ofSeconds(60);

  /// After it, no read of before ends in a write to Redis.
  private static final Duration LONGEST_READ = Duration.ofSeconds(2);

  private static final Duration LONGEST_RECOVERY = Duration.ofSeconds(5);
  private static final FaultsTable TABLE =
      new FaultsTable(
          "start-up",
          """
          | started while | takes calls after | a wrap meanwhile | an unwrap meanwhile | whole after the fault's end |
          | --- | --- | --- | --- | --- |
          """);

  private static Deployment deployment;
  private static KnownDek known;
  private static ByteString wrapped;

  /// @param wrap what a wrap may end with meanwhile
  /// @param unwrap what an unwrap may end with meanwhile
  private record StartCase(
      String name, FaultCase.Step begin, Set<String> wrap, Set<String> unwrap) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<StartCase> cases() {
    Set<String> right = Set.of("right");
    Set<String> audit = Set.of("UNAVAILABLE/AUDIT_UNAVAILABLE");
    Set<String> kms = Set.of("UNAVAILABLE/KMS_UNREACHABLE");
    Set<String> store = Set.of("UNAVAILABLE/STORE_UNAVAILABLE");
    return Stream.of(
        new StartCase("Redis is down", it -> it.redis().cut(), right, right),
        new StartCase("Redis hangs", it -> it.redis().stall(), right, right),
        new StartCase("PostgreSQL is down", it -> it.postgres().cut(), right, audit),
        new StartCase("PostgreSQL hangs", it -> it.postgres().stall(), right, audit),
        new StartCase(
            "PostgreSQL is down, and somebody puts Redis entries of 30 days ago back",
            StartUpFaultsIT::cutPostgresAndReplay,
            store,
            store),
        new StartCase("KMS is down", it -> it.kms().cut(), right, kms),
        new StartCase("KMS hangs", it -> it.kms().stall(), right, kms),
        new StartCase("all three are down", FaultCase::cutAll, store, store));
  }

  /// The MACs of the entries hold. Their age alone says that the KEK may be destroyed by now.
  private static void cutPostgresAndReplay(Deployment deployment) throws Exception {
    PackagedBroker broker = deployment.brokers().getFirst();
    Set<String> replayed = Set.of();
    long end = System.nanoTime() + LONGEST_START.toNanos();
    // A broker writes the entries at its next reads, which come each second of use.
    while (replayed.stream().noneMatch(key -> key.endsWith(":active:" + deployment.cold()))
        || replayed.stream().noneMatch(key -> key.contains(":kek:"))) {
      assertTrue(System.nanoTime() < end, replayed::toString);
      deployment.postgres().pass();
      for (int i = 0; i < 3; i++) {
        wrap(broker);
        unwrap(broker);
        Thread.sleep(Duration.ofSeconds(1));
      }
      deployment.postgres().cut();
      Thread.sleep(LONGEST_READ);
      replayed = deployment.redisControl().replay(deployment.agedEntries(), Duration.ofDays(30));
    }
  }

  @BeforeAll
  static void start() throws Exception {
    deployment = new Deployment();
    known = KnownDek.random(deployment.cold());
    wrapped =
        deployment.brokers().getFirst().client().broker().wrapDek(known.wrap()).getWrappedDek();
  }

  @AfterAll
  static void stop() {
    deployment.close();
    TABLE.publish();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void broker_startedMeanwhile_servesWhatItCan_andBecomesWholeByItself(StartCase start)
      throws Exception {
    start.begin().in(deployment);
    long started = System.nanoTime();
    try (PackagedBroker broker = deployment.broker("third").start()) {
      Duration answers = awaitAnswers(broker, started);
      String wrap = wrap(broker);
      String unwrap = unwrap(broker);
      FaultCase.healAll(deployment);
      long ended = System.nanoTime();
      Duration whole = awaitWhole(broker, ended);
      TABLE.add(
          "| %s | %d ms | %s | %s | %d ms |%n"
              .formatted(start.name(), answers.toMillis(), wrap, unwrap, whole.toMillis()));
      assertTrue(start.wrap().contains(wrap), wrap);
      assertTrue(start.unwrap().contains(unwrap), unwrap);
      assertTrue(whole.compareTo(LONGEST_RECOVERY) <= 0, whole::toString);
    } finally {
      FaultCase.healAll(deployment);
    }
  }

  private static Duration awaitAnswers(PackagedBroker broker, long started) throws Exception {
    while (System.nanoTime() - started < LONGEST_START.toNanos()) {
      assertTrue(broker.isAlive(), broker::log);
      if (!wrap(broker).equals("UNAVAILABLE")) {
        return Duration.ofNanos(System.nanoTime() - started);
      }
      Thread.sleep(100);
    }
    throw new AssertionError("no answer within " + LONGEST_START + ":\n" + broker.log());
  }

  private static Duration awaitWhole(PackagedBroker broker, long ended) throws Exception {
    while (true) {
      String wrap = wrap(broker);
      String unwrap = unwrap(broker);
      Duration since = Duration.ofNanos(System.nanoTime() - ended);
      if (wrap.equals("right") && unwrap.equals("right") && isReady(broker)) {
        return since;
      }
      assertTrue(
          since.compareTo(LONGEST_START) < 0,
          () -> "wrap: " + wrap + ", unwrap: " + unwrap + "\n" + broker.log());
      Thread.sleep(50);
    }
  }

  private static boolean isReady(PackagedBroker broker) throws InterruptedException {
    try {
      return broker.get("/q/health/ready").contains("\"status\": \"UP\"");
    } catch (IOException e) {
      return false;
    }
  }

  /// `right`, or why not. Whether what it made is right, its unwrap tells when all is well again.
  private static String wrap(PackagedBroker broker) {
    try {
      WrapDekResponse response = broker.client().broker().wrapDek(known.wrap());
      assertEquals(deployment.cold(), response.getKek().replaceFirst("/keks/.*", ""));
      return "right";
    } catch (StatusRuntimeException e) {
      return BrokerClient.reasonOrCode(e);
    }
  }

  private static String unwrap(PackagedBroker broker) {
    try {
      assertEquals(known.dek(), broker.client().broker().unwrapDek(known.unwrap(wrapped)).getDek());
      return "right";
    } catch (StatusRuntimeException e) {
      return BrokerClient.reasonOrCode(e);
    }
  }
}
