package dev.keybroker.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.v1.EnableKekRequest;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.RestoreKekRequest;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// A broker whose own machine fails it: its clock jumps, its disk is full, its heap is too small.
@Tag("faults")
@SuppressWarnings("NullAway.Init") // set before all tests
class BrokerFaultsIT {
  private static final FaultsTable TABLE = new FaultsTable("broker-cases", CaseResult.HEADER);

  /// How long PostgreSQL refuses records: `-Dkeybroker.it.outage=PT10M` for a long run.
  private static final Duration OUTAGE =
      Duration.parse(System.getProperty("keybroker.it.outage", "PT10S"));

  /// For which an unwrap may be refused that is in progress when the clock jumps forward.
  private static final String EXPIRED = "UNAVAILABLE/PRIVATE_KEK_EXPIRED";

  private static Deployment deployment;

  @BeforeAll
  static void start() throws Exception {
    deployment = new Deployment();
  }

  @AfterAll
  static void stop() {
    deployment.close();
    TABLE.publish();
  }

  @Test
  void clock_jumps() throws Exception {
    assumeTrue(WallClock.isToBeHad(), "gcc");
    WallClock clock = new WallClock(Path.of("target", "faults", "clock"));
    try (PackagedBroker broker = clock.of(deployment.broker("clock")).startAndAwaitReady();
        Callers callers = new Callers(deployment, List.of(broker))) {
      for (Duration jump : List.of(Duration.ofHours(1), Duration.ofHours(-1))) {
        FaultCase fault =
            new FaultCase(
                "the broker's clock jumps by %+d h".formatted(jump.toHours()),
                it -> clock.jump(jump),
                it -> {
                  assertTrue(hasRecords(jump), "the clock did not jump");
                  clock.jump(Duration.ZERO);
                },
                Set.of(EXPIRED),
                Set.of());
        CaseResult result = callers.run(fault);
        TABLE.add(result.row());
        callers.assertHolds(fault, result);
        assertTrue(result.refusedUnwraps() <= Callers.UNWRAPS_AT_ONCE, result::row);
      }
    }
  }

  @Test
  void clock_isWrong_destroyTimeHolds() throws Exception {
    assumeTrue(WallClock.isToBeHad(), "gcc");
    WallClock clock = new WallClock(Path.of("target", "faults", "destroy-clock"));
    PackagedBroker right = deployment.brokers().getFirst();
    KnownDek known =
        KnownDek.random(deployment.services().keystore(right, "skewed", Durations.ZERO));
    WrapDekResponse wrapped = right.client().broker().wrapDek(known.wrap());
    Duration ahead = Duration.ofDays(8);
    try (PackagedBroker broker = clock.of(deployment.broker("skewed")).startAndAwaitReady();
        Callers callers = new Callers(deployment, List.of(broker))) {
      right
          .client()
          .keystores()
          .rotateKek(RotateKekRequest.newBuilder().setName(known.keystore()).build());
      right.client().keystores().scheduleKekDestruction(destruction(wrapped.getKek()));
      FaultCase fault =
          new FaultCase(
              "the broker's clock is 8 d ahead, beyond a private key's destroy time",
              it -> clock.jump(ahead),
              it -> {
                assertTrue(skew(broker) > ahead.toSeconds() - 60, "the clock is not wrong");
                assertRefusesDestruction(broker, wrapped.getKek());
                clock.jump(Duration.ZERO);
              },
              Set.of(),
              Set.of());
      CaseResult result = callers.run(fault);
      TABLE.add(result.row());
      callers.assertHolds(fault, result);
    }
    KeystoresGrpc.KeystoresBlockingStub keystores = right.client().keystores();
    keystores.restoreKek(RestoreKekRequest.newBuilder().setName(wrapped.getKek()).build());
    keystores.enableKek(EnableKekRequest.newBuilder().setName(wrapped.getKek()).build());
    assertEquals(
        known.dek(),
        right.client().broker().unwrapDek(known.unwrap(wrapped.getWrappedDek())).getDek());
  }

  private static ScheduleKekDestructionRequest destruction(String kek) {
    return ScheduleKekDestructionRequest.newBuilder()
        .setName(kek)
        .setWaitingPeriodDays(7)
        .setForce(true)
        .build();
  }

  private static void assertRefusesDestruction(PackagedBroker broker, String kek) {
    StatusRuntimeException refused =
        assertThrows(
            StatusRuntimeException.class,
            () -> broker.client().keystores().scheduleKekDestruction(destruction(kek)));
    assertEquals("FAILED_PRECONDITION/CLOCK_SKEW", BrokerClient.reasonOrCode(refused));
  }

  /// By how many seconds a broker finds its clock ahead of the database's.
  private static double skew(PackagedBroker broker) throws Exception {
    return broker
        .get("/q/metrics")
        .lines()
        .filter(line -> line.startsWith("keybroker_clock_skew"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .findFirst()
        .orElseThrow();
  }

  /// Whether the last record of a chain is about so much late, or early.
  private static boolean hasRecords(Duration late) throws SQLException {
    try (Connection connection = deployment.database();
        PreparedStatement statement =
            connection.prepareStatement(
                "select count(*) from audit_chain where head_time between"
                    + " now() + make_interval(secs => ?) - interval '1 minute' and"
                    + " now() + make_interval(secs => ?) + interval '1 minute'")) {
      statement.setDouble(1, late.toSeconds());
      statement.setDouble(2, late.toSeconds());
      try (ResultSet result = statement.executeQuery()) {
        result.next();
        return result.getLong(1) > 0;
      }
    }
  }

  @Test
  void disk_isFull() throws Exception {
    PackagedBroker.Launch launch =
        deployment
            .broker("disk")
            .output(Path.of("/dev/full"))
            .with("keybroker.audit.stream", "file:/dev/full");
    try (PackagedBroker broker = launch.startAndAwaitReady();
        Callers callers = new Callers(deployment, List.of(broker))) {
      FaultCase fault =
          new FaultCase(
              "the disk of logs and of the audit stream is full",
              it -> it.redis().cut(), // so that there is something to log
              it -> it.redis().pass(),
              Set.of(),
              Set.of());
      CaseResult result = callers.run(fault);
      TABLE.add(result.row());
      callers.assertHolds(fault, result);
    }
  }

  static Stream<Arguments> refusals() {
    return Stream.of(
        Arguments.of("is read-only", (PostgresControl.Fault) PostgresControl::readOnly),
        Arguments.of("says that its disk is full", (PostgresControl.Fault) PostgresControl::full));
  }

  /// PostgreSQL answers every SELECT and refuses every INSERT. What waits for its record is
  /// bounded, and so is what the broker tries again: a small heap bears it for as long as it lasts.
  @ParameterizedTest
  @MethodSource("refusals")
  void records_areRefused(String name, PostgresControl.Fault refusal) throws Exception {
    PackagedBroker.Launch launch =
        deployment.broker("refused").option("-Xmx96m").option("-XX:+ExitOnOutOfMemoryError");
    try (PackagedBroker broker = launch.startAndAwaitReady();
        Callers callers = new Callers(deployment, List.of(broker))) {
      Footprint before = Footprint.of(broker);
      FaultCase fault =
          new FaultCase(
              "PostgreSQL %s for %d s, with a heap of 96 MiB".formatted(name, OUTAGE.toSeconds()),
              it -> refusal.lasting(new PostgresControl(it), OUTAGE),
              it -> {},
              Set.of("UNAVAILABLE/AUDIT_UNAVAILABLE"),
              Set.of());
      CaseResult result = callers.run(fault);
      TABLE.add(result.row());
      callers.assertHolds(fault, result);
      System.out.printf("%s: %s, then %s%n", fault.name(), before, Footprint.of(broker));
    }
  }

  /// With the option of the image, a broker that has no memory left ends, and is started anew.
  @Test
  void heap_isTooSmall() throws Exception {
    HeapFiller filler = new HeapFiller(deployment.warm());
    PackagedBroker.Launch launch =
        deployment.broker("heap").option("-Xmx96m").option("-XX:+ExitOnOutOfMemoryError");
    PackagedBroker broker = launch.startAndAwaitReady();
    int ended = 0;
    try {
      for (int i = 0; i < 3; i++) {
        filler.fill(broker.client().channel(), Duration.ofSeconds(10));
        Thread.sleep(Duration.ofSeconds(1));
        if (!broker.isAlive()) {
          assertEquals(3, broker.awaitEnd(Duration.ofSeconds(1)), "ExitOnOutOfMemoryError");
          ended++;
          broker.close();
          broker = launch.startAndAwaitReady();
        }
      }
      System.out.printf("a heap of 96 MiB: %s; ended %d times of 3%n", filler.outcomes(), ended);
      assertEquals(0, filler.outcomes().wrong());
      assertTrue(filler.outcomes().right() > 0);
      filler.assertAllUnwrap(deployment.brokers().getFirst().client().broker());
      FaultCase after =
          new FaultCase(
              "after batches that are too much for a heap of 96 MiB",
              it -> {},
              it -> {},
              Set.of(),
              Set.of());
      try (Callers callers = new Callers(deployment, List.of(broker))) {
        CaseResult result = callers.run(after);
        TABLE.add(result.row());
        callers.assertHolds(after, result);
      }
    } finally {
      broker.close();
    }
  }
}
