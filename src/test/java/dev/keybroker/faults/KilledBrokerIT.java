package dev.keybroker.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KekState;
import io.grpc.StatusRuntimeException;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A broker killed by SIGKILL in each step of a change of key, of a first save and of a later one,
/// while another one serves: the same request, repeated, ends as if nothing had been.
@Tag("faults")
@SuppressWarnings("NullAway.Init") // set before all tests
class KilledBrokerIT {
  private static final FaultsTable TABLE =
      new FaultsTable(
          "kills",
          """
          | killed during | step | the call before | repeated | KEKs more | ACTIVE | right calls of the other broker meanwhile | other calls |
          | --- | --- | --- | --- | --- | --- | --- | --- |
          """);

  /// By then a change waits for what is held.
  private static final Duration SOON = Duration.ofMillis(700);

  private static Deployment deployment;
  private static PackagedBroker victim;
  private static Load load;

  private record Kill(Change change, Moment moment) {
    @Override
    public String toString() {
      return change + ", " + moment.name();
    }
  }

  /// When the broker is killed.
  ///
  /// @param hold keeps the change from going on, until what it gives is closed
  /// @param after from the change's begin
  private record Moment(String name, Hold hold, Duration after) {}

  private interface Hold {
    AutoCloseable on(Deployment deployment) throws Exception;
  }

  static Stream<Kill> kills() {
    List<Moment> moments = new ArrayList<>();
    moments.add(new Moment("it waits for KMS", KilledBrokerIT::holdKms, SOON));
    moments.add(new Moment("it waits for PostgreSQL", KilledBrokerIT::holdTables, SOON));
    moments.add(new Moment("it waits for Redis", KilledBrokerIT::holdRedis, SOON));
    for (int millis : new int[] {2, 5, 10, 15, 25, 40}) {
      moments.add(
          new Moment(
              "%d ms after its begin".formatted(millis),
              it -> () -> {},
              Duration.ofMillis(millis)));
    }
    return Stream.of(Change.values())
        .flatMap(change -> moments.stream().map(moment -> new Kill(change, moment)));
  }

  private static AutoCloseable holdKms(Deployment deployment) {
    deployment
        .services()
        .services()
        .kms()
        .faults()
        .add(Fault.latency(Duration.ofSeconds(20)).onOperation("GenerateDataKeyPair*"));
    return () -> deployment.services().services().kms().faults().clear();
  }

  private static AutoCloseable holdTables(Deployment deployment) throws Exception {
    Connection connection = deployment.database();
    connection.setAutoCommit(false);
    connection
        .createStatement()
        .execute("lock table keystore, kek, kek_request in share row exclusive mode");
    return connection;
  }

  private static AutoCloseable holdRedis(Deployment deployment) {
    deployment.redis().stall();
    return () -> deployment.redis().pass();
  }

  @BeforeAll
  static void start() throws Exception {
    deployment = new Deployment();
    load =
        new Load(
            deployment.brokers().getLast().client().channel(),
            deployment
                .services()
                .keystore(
                    deployment.brokers().getLast(), Change.KEYSTORE, Durations.fromMinutes(1)));
    load.start(2, 2);
    victim = deployment.broker("victim").startAndAwaitReady();
  }

  @AfterAll
  static void stop() {
    load.close();
    victim.close();
    deployment.close();
    TABLE.publish();
  }

  @ParameterizedTest
  @MethodSource("kills")
  void change_killedInTheMiddle_endsAsIfNothingHadBeen_whenItIsRepeated(Kill kill)
      throws Exception {
    PackagedBroker other = deployment.brokers().getLast();
    Change.Attempt attempt = kill.change().attempt(deployment.services());
    int before = attempt.keks(other.client()).size();
    long intentsBefore = deployment.openIntents();
    load.mark();

    String answer;
    AutoCloseable hold = kill.moment().hold().on(deployment);
    try {
      CompletableFuture<String> call =
          CompletableFuture.supplyAsync(() -> outcome(attempt, victim.client()));
      if (kill.moment().after().compareTo(SOON) == 0) {
        // A cold broker takes its time to begin.
        awaitIntent(intentsBefore, call);
      }
      Thread.sleep(kill.moment().after());
      victim.signal("KILL");
      victim.awaitEnd(Duration.ofSeconds(5));
      answer = call.get();
    } finally {
      hold.close();
    }
    long intents = deployment.openIntents() - intentsBefore;
    victim.close();
    victim = deployment.broker("victim").startAndAwaitReady();
    String repeated = outcome(attempt, victim.client());

    List<Kek> keks = attempt.keks(other.client());
    long active = keks.stream().filter(it -> it.getState() == KekState.KEK_STATE_ACTIVE).count();
    Outcomes wraps = load.wraps();
    Outcomes unwraps = load.unwraps();
    TABLE.add(
        "| %s | %s | %s | %s | %d | %d | %d | %s |%n"
            .formatted(
                kill.change(),
                kill.moment().name(),
                answer,
                repeated,
                keks.size() - before,
                active,
                wraps.right() + unwraps.right(),
                wraps.refusals().isEmpty() && unwraps.refusals().isEmpty()
                    ? "0"
                    : wraps.refusals() + " " + unwraps.refusals()));
    if (kill.moment().after().compareTo(SOON) == 0 && answer.contains("UNAVAILABLE")) {
      assertEquals(1, intents, "what was to be changed is on record");
    }
    assertEquals("made", repeated);
    assertEquals(attempt.more(), keks.size() - before);
    assertEquals(1, active);
    assertEquals(0, deployment.keystoresWithoutOneActiveKek());
    assertEquals(Map.of(), wraps.refusals());
    // A hold of the tables holds nothing that a wrap or an unwrap needs.
    assertEquals(Map.of(), unwraps.refusals());
    assertEquals(0, wraps.wrong() + unwraps.wrong());
    Outcomes checked = load.unwrapAll();
    assertEquals(checked.calls(), checked.right(), checked::toString);
    assertTrue(attempt.isMade(victim.client()));
  }

  private static void awaitIntent(long before, CompletableFuture<String> call) throws Exception {
    while (deployment.openIntents() == before && !call.isDone()) {
      Thread.sleep(10);
    }
  }

  private static String outcome(Change.Attempt attempt, BrokerClient client) {
    try {
      attempt.make(client);
      return "made";
    } catch (StatusRuntimeException e) {
      return "`" + BrokerClient.reasonOrCode(e) + "`";
    }
  }
}
