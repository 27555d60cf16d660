package dev.keybroker.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuotaGateTest {
  private static final KmsKey KEY = key("arn:aws:kms:eu-central-1:222233334444:key/one");
  private static final Duration SECOND = Duration.ofSeconds(1);

  private final TestTimer time = new TestTimer();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final MemoryQuotaLines shared = new MemoryQuotaLines(time);
  private final List<Duration> started = new ArrayList<>();
  private boolean sharedIsAway;

  private static KmsKey key(String arn) {
    return new KmsKey(KmsArn.parse(arn), null);
  }

  private QuotaGate gate(String... settings) {
    return new QuotaGate(
        line ->
            sharedIsAway
                ? Uni.createFrom().failure(new IllegalStateException("away"))
                : shared.take(line),
        new MemoryQuotaLines(time),
        TestQuotaConfig.with(settings),
        time,
        time,
        registry);
  }

  /// The whole quota, so that the numbers are round: RSA_3072 4 a second, half of it for each.
  private QuotaGate broker() {
    return gate("use", "1");
  }

  private CompletableFuture<Void> ask(QuotaGate gate, String tenant, Urgency urgency) {
    return ask(gate, KEY, KeyPairSpec.RSA_3072, tenant, urgency);
  }

  private CompletableFuture<Void> ask(
      QuotaGate gate, KmsKey key, KeyPairSpec spec, String tenant, Urgency urgency) {
    return gate.keyPair(key, spec, tenant, urgency)
        .invoke(() -> started.add(time.passed()))
        .subscribeAsCompletionStage();
  }

  private List<CompletableFuture<Void>> ask(
      int calls, QuotaGate gate, String tenant, Urgency urgency) {
    List<CompletableFuture<Void>> asked = new ArrayList<>();
    for (int i = 0; i < calls; i++) {
      asked.add(ask(gate, tenant, urgency));
    }
    return asked;
  }

  private static long done(List<CompletableFuture<Void>> calls) {
    return calls.stream().filter(call -> call.isDone() && !call.isCompletedExceptionally()).count();
  }

  private static @Nullable Throwable failure(CompletableFuture<Void> call) {
    return call.isCompletedExceptionally() ? call.exceptionNow() : null;
  }

  /// No second has more calls than AWS admits, wherever it begins.
  private void assertNeverMoreInASecond(int calls) {
    for (Duration first : started) {
      long within =
          started.stream()
              .filter(each -> !each.minus(first).isNegative())
              .filter(each -> each.minus(first).compareTo(SECOND) < 0)
              .count();
      assertTrue(within <= calls, () -> within + " within a second from " + first);
    }
  }

  @Test
  void scheduled_calls_beginAtTheirShare_andNoneIsLost() {
    List<CompletableFuture<Void>> due = ask(100, broker(), "acme", Urgency.SCHEDULED);

    time.pass(Duration.ofMillis(99 * 500 - 1));
    assertEquals(99, done(due));

    time.pass(Duration.ofMillis(1));
    assertEquals(100, done(due));
  }

  @Test
  void reEncryptions_haveARateOfTheirOwn_andDelayNothingElse() {
    QuotaGate gate = gate("use", "1", "symmetric", "10");
    List<CompletableFuture<Void>> calls = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      calls.add(gate.reEncryption(KEY, "acme").subscribeAsCompletionStage());
    }
    assertTrue(ask(gate, "acme", Urgency.SCHEDULED).isDone());

    time.pass(Duration.ofMillis(19 * 100 - 1));
    assertEquals(19, done(calls));

    time.pass(Duration.ofMillis(1));
    assertEquals(20, done(calls));
  }

  @Test
  void interactive_call_doesNotWaitBehindScheduledOnes() {
    QuotaGate gate = broker();
    ask(1_000, gate, "acme", Urgency.SCHEDULED);
    time.pass(Duration.ofMinutes(1));

    for (int i = 0; i < 10; i++) {
      CompletableFuture<Void> rotation = ask(gate, "acme", Urgency.INTERACTIVE);
      time.pass(SECOND);
      assertTrue(rotation.isDone());
    }

    assertNeverMoreInASecond(4);
  }

  @Test
  void scheduled_calls_areNotDelayedByAStormOfInteractiveOnes() {
    QuotaGate gate = broker();
    List<CompletableFuture<Void>> due = ask(100, gate, "acme", Urgency.SCHEDULED);
    for (int i = 0; i < 50; i++) {
      ask(50, gate, "storm-" + i, Urgency.INTERACTIVE);
      time.pass(SECOND);
    }

    assertEquals(100, done(due));
    assertNeverMoreInASecond(4);
  }

  @ParameterizedTest
  @CsvSource({"RSA_4096, 1", "RSA_3072, 4", "RSA_2048, 20", "ECC_NIST_P256, 100"})
  void twoBrokers_stayTogetherBelowTheQuota(KeyPairSpec spec, int perSecond) {
    List<QuotaGate> brokers = List.of(gate(), gate());
    for (int i = 0; i < 15; i++) {
      for (QuotaGate broker : brokers) {
        for (int j = 0; j < perSecond; j++) {
          ask(broker, KEY, spec, "acme", Urgency.SCHEDULED);
          ask(broker, KEY, spec, "storm-" + j, Urgency.INTERACTIVE);
        }
      }
      time.pass(SECOND);
    }

    assertNeverMoreInASecond(perSecond);
    // And do not leave it unused.
    assertTrue(started.size() >= 0.75 * 15 * perSecond, () -> started.size() + " calls");
  }

  @Test
  void quotas_areOfTheCallersAccountRegionAndKind() {
    QuotaGate gate = gate();
    AssumedRole role = new AssumedRole("arn:aws:iam::222233334444:role/keybroker", "external-id");
    KmsArn elsewhere = KmsArn.parse("arn:aws:kms:eu-west-1:222233334444:key/one");

    assertEquals("own/eu-central-1/RSA_3072", gate.plan(KEY, KeyPairSpec.RSA_3072).name());
    assertEquals(
        "222233334444/eu-central-1/ECC",
        gate.plan(new KmsKey(KEY.arn(), role), KeyPairSpec.ECC_NIST_P384).name());
    assertEquals(
        "own/eu-west-1/ECC",
        gate.plan(new KmsKey(elsewhere, null), KeyPairSpec.ECC_NIST_P256).name());
  }

  @Test
  void quota_thatAwsHasRaised_isUsed() {
    QuotaGate gate = gate("use", "1", "of.\"own/eu-central-1/RSA_3072\"", "40");
    KmsArn elsewhere = KmsArn.parse("arn:aws:kms:eu-west-1:222233334444:key/one");

    assertEquals(Duration.ofMillis(50), gate.plan(KEY, KeyPairSpec.RSA_3072).interval());
    assertEquals(
        Duration.ofMillis(500),
        gate.plan(new KmsKey(elsewhere, null), KeyPairSpec.RSA_3072).interval());
  }

  @Test
  void tenants_takeTurns() {
    QuotaGate gate = broker();
    ask(15, gate, "storm", Urgency.INTERACTIVE);

    List<CompletableFuture<Void>> quiet = ask(3, gate, "quiet", Urgency.INTERACTIVE);

    time.pass(Duration.ofSeconds(4));
    assertEquals(3, done(quiet));
  }

  @Test
  void interactive_callWhoseTurnIsTooFarAway_isRefusedAtOnce_andAnotherTenantsIsNot() {
    QuotaGate gate = broker();
    ask(30, gate, "storm", Urgency.INTERACTIVE);

    CompletableFuture<Void> refused = ask(gate, "storm", Urgency.INTERACTIVE);
    CompletableFuture<Void> admitted = ask(gate, "quiet", Urgency.INTERACTIVE);

    Duration retryAfter = assertInstanceOf(QuotaExceeded.class, failure(refused)).retryAfter();
    assertTrue(retryAfter.compareTo(Duration.ofSeconds(10)) > 0, retryAfter::toString);
    time.pass(SECOND);
    assertTrue(admitted.isDone() && !admitted.isCompletedExceptionally());
    assertTrue(refusals("wait") > 0);
  }

  @Test
  void interactive_callThatOthersKeepFromItsTurn_isRefusedInTime() {
    QuotaLine line =
        new KmsQuotas(TestQuotaConfig.with("use", "1"))
            .keyPairs(KEY, KeyPairSpec.RSA_3072)
            .interactive();
    // Another broker is a little faster each time.
    for (int i = 0; i < 100; i++) {
      time.schedule(
          () -> {
            shared.take(line).await().indefinitely();
          },
          500L * i,
          java.util.concurrent.TimeUnit.MILLISECONDS);
    }
    time.pass(Duration.ZERO);

    CompletableFuture<Void> call = ask(broker(), "acme", Urgency.INTERACTIVE);
    time.pass(Duration.ofSeconds(10));

    assertInstanceOf(QuotaExceeded.class, failure(call));
    assertEquals(1, refusals("wait"));
  }

  @Test
  void scheduled_call_isNeverRefused() {
    List<CompletableFuture<Void>> due = ask(10_000, broker(), "acme", Urgency.SCHEDULED);

    time.pass(Duration.ofMinutes(84));

    assertEquals(10_000, done(due));
  }

  @Test
  void call_thatIsCancelled_givesItsPlaceUp() {
    QuotaGate gate = broker();
    ask(gate, "acme", Urgency.SCHEDULED);
    List<CompletableFuture<Void>> cancelled = ask(100, gate, "acme", Urgency.SCHEDULED);
    CompletableFuture<Void> last = ask(gate, "acme", Urgency.SCHEDULED);
    cancelled.forEach(call -> call.cancel(false));

    time.pass(SECOND);

    assertTrue(last.isDone());
  }

  @Test
  void sharedLinesAway_eachBrokerHasItsPart_andNoneIsLost() {
    List<QuotaGate> brokers =
        List.of(gate("use", "1", "brokers", "2"), gate("use", "1", "brokers", "2"));
    sharedIsAway = true;
    List<CompletableFuture<Void>> due = new ArrayList<>();
    for (QuotaGate broker : brokers) {
      due.addAll(ask(10, broker, "acme", Urgency.SCHEDULED));
    }

    time.pass(Duration.ofMillis(8_999));
    assertEquals(18, done(due));
    time.pass(Duration.ofMillis(1));

    assertEquals(20, done(due));
    assertNeverMoreInASecond(4);
    assertTrue(registry.counter(Metrics.KMS_QUOTA_LOCAL).count() >= 20);
  }

  @Test
  void sharedLinesAwayForATime_theirRateIsThereAgainAfterwards() {
    QuotaGate gate = broker();
    sharedIsAway = true;
    List<CompletableFuture<Void>> due = ask(20, gate, "acme", Urgency.SCHEDULED);
    time.pass(Duration.ofSeconds(6));
    long before = done(due);
    sharedIsAway = false;

    time.pass(Duration.ofSeconds(10));

    assertTrue(before < 3, () -> before + " by the part of one broker");
    assertTrue(done(due) >= before + 10, () -> done(due) + " after it");
  }

  @Test
  void linesThatFailAltogether_areAskedAgain() {
    boolean[] broken = {true};
    QuotaLines lines =
        line ->
            broken[0]
                ? Uni.createFrom().failure(new IllegalStateException("broken"))
                : shared.take(line);
    QuotaGate gate = new QuotaGate(lines, lines, TestQuotaConfig.with(), time, time, registry);
    CompletableFuture<Void> call = ask(gate, "acme", Urgency.SCHEDULED);
    time.pass(Duration.ofSeconds(5));
    broken[0] = false;

    time.pass(Duration.ofSeconds(2));

    assertTrue(call.isDone());
  }

  @Test
  void tests_ofOneTenant_areBoundedAcrossBrokers_andThoseOfAnotherGoOn() {
    List<QuotaGate> brokers = List.of(gate(), gate());
    int passed = 0;
    for (int i = 0; i < 100; i++) {
      passed += passes(brokers.get(i % 2).test("storm")) ? 1 : 0;
      time.pass(Duration.ofMillis(100));
    }

    // One a second for ten seconds, and one in advance.
    assertEquals(11, passed);
    assertTrue(passes(brokers.getFirst().test("quiet")));
    assertTrue(passes(brokers.getFirst().test("storm")));
    Duration retryAfter =
        assertThrows(
                QuotaExceeded.class, () -> brokers.getLast().test("storm").await().indefinitely())
            .retryAfter();
    time.pass(retryAfter);
    assertTrue(passes(brokers.getLast().test("storm")));
    assertEquals(90, refusals("tenant"));
  }

  private static boolean passes(Uni<Void> test) {
    return test.map(done -> true)
        .onFailure(QuotaExceeded.class)
        .recoverWithItem(false)
        .await()
        .indefinitely();
  }

  private double refusals(String limit) {
    return registry.counter(Metrics.KMS_QUOTA_REFUSED, Metrics.LIMIT, limit).count();
  }

  @Test
  void waits_areMeasured() {
    QuotaGate gate = broker();
    ask(3, gate, "acme", Urgency.SCHEDULED);
    time.pass(Duration.ofSeconds(2));

    var waits = registry.timer(Metrics.KMS_QUOTA_WAIT, Metrics.URGENCY, "scheduled");
    assertEquals(3, waits.count());
    assertEquals(1_500, waits.totalTime(java.util.concurrent.TimeUnit.MILLISECONDS), 1);
  }
}
