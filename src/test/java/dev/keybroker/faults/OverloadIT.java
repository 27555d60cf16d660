package dev.keybroker.faults;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.v1.KeyPairSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Three times as many wraps and unwraps as a broker can do: it goes on doing nearly as many as it
/// can, refuses the others at once, and is itself again when they end.
///
/// The broker has one core, its callers, PostgreSQL, Redis and KMS the other one: else callers
/// would take from the broker what they measure.
@Tag("faults")
class OverloadIT {
  private static final Duration OVERLOAD =
      Duration.ofSeconds(Integer.getInteger("keybroker.it.overload-seconds", 60));
  private static final Duration CAPACITY = Duration.ofSeconds(15);
  private static final Duration ROUND = Duration.ofSeconds(5);
  private static final int MOST_ROUNDS = 40;
  private static final int NOT_FASTER = 3;
  private static final double FASTER = 1.03;
  private static final double TIMES = 3;
  private static final double LEAST_GOODPUT = 0.9;
  private static final double LONGEST_SHED_MILLIS = 10;

  /// On a core that the event loop shares with private-key operations, the rest waits for its turn,
  /// as right wraps do: `src/docs/faults.md`.
  private static final double SHED_IN_TIME = 0.5;

  private static final Duration LONGEST_RECOVERY = Duration.ofSeconds(2);
  private static final Set<String> SHED = Set.of("RESOURCE_EXHAUSTED/UNWRAP_OVERLOADED");

  @Test
  void broker_offeredThreeTimesItsCapacity_doesWhatItCan_andShedsTheRestAtOnce() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/taskset")), "taskset");
    assumeTrue(Runtime.getRuntime().availableProcessors() >= 2, "two cores");
    FaultsTable table =
        new FaultsTable(
            "overload",
            """
            | | calls per second | right per second: wraps, unwraps | refused | a refusal takes: p50, p99 | of that in the broker: mean, longest | the client begins a call too late by: p50, p99 | right wraps: p50, p99 | right unwraps: p50, p99 | live heap | resident, most |
            | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
            """);
    pinMyself("1");
    try (FaultServices services = FaultServices.start();
        PackagedBroker broker =
            services
                .broker("overload")
                .under("taskset", "-c", "0")
                // Every unwrap is a private-key operation, as of recordings that are played once.
                .with("keybroker.opened-secrets.max", "0")
                .startAndAwaitReady();
        OverloadCalls calls =
            new OverloadCalls(
                broker,
                services.keystore(
                    broker,
                    "overload",
                    Durations.fromMinutes(15),
                    services.key(),
                    KeyPairSpec.KEY_PAIR_SPEC_RSA_3072))) {
      warmUp(calls);
      Duration took = calls.closedLoop(CAPACITY);
      OverloadCalls.Seen alone = calls.mark();
      double capacity = alone.right() / (took.toNanos() / 1e9);
      table.add(alone.row("capacity", took, Footprint.of(broker), broker));
      Footprint before = Footprint.of(broker);

      long started = System.nanoTime();
      calls.openLoop(TIMES * capacity, OVERLOAD);
      Duration lasted = Duration.ofNanos(System.nanoTime() - started);
      OverloadCalls.Seen overload = calls.mark();
      Duration recovery = calls.recovery();
      OverloadCalls.Seen after = calls.mark();
      Footprint afterwards = Footprint.of(broker);
      table.add(overload.row("3 times as many", OVERLOAD, afterwards, broker));
      table.publish();
      System.out.printf(
          "the loop lasted %d ms; the last refusal or slow call began %d ms after its end; after"
              + " it: %s%n",
          lasted.toMillis(), recovery.toMillis(), after);
      // Wraps wait for nothing that unwraps fill: more of them get through than of a closed loop.
      double goodput =
          Math.min(
              overload.wrapsIn(lasted) / alone.wrapsIn(took),
              overload.unwrapsIn(lasted) / alone.unwrapsIn(took));
      System.out.printf("goodput %.2f of the capacity%n", goodput);
      assertAll(
          () -> assertEquals(0, overload.wrong() + alone.wrong(), "wrong answers"),
          () -> assertTrue(SHED.containsAll(overload.reasons()), overload.reasons()::toString),
          () -> assertEquals(0, overload.withoutRetryInfo(), "refusals without RetryInfo"),
          () -> assertTrue(overload.refused() > 0, "nothing was shed"),
          () -> assertTrue(goodput >= LEAST_GOODPUT, () -> "goodput " + goodput),
          () ->
              assertTrue(
                  overload.shedMillis(SHED_IN_TIME) <= LONGEST_SHED_MILLIS,
                  () -> "a refusal takes " + overload.shedMillis(SHED_IN_TIME) + " ms"),
          () -> assertTrue(recovery.compareTo(LONGEST_RECOVERY) <= 0, recovery::toString),
          () ->
              assertTrue(
                  afterwards.heap() <= before.heap() * 1.2 + (8 << 20),
                  () -> before + ", " + afterwards));
    } finally {
      pinMyself("0-" + (Runtime.getRuntime().availableProcessors() - 1));
    }
  }

  /// Calls until the broker's code is compiled: no round of the last three was faster. Then does
  /// the same under overload, for the code of refusals.
  private static void warmUp(OverloadCalls calls) throws InterruptedException {
    double fastest = 0;
    int notFaster = 0;
    for (int round = 0; round < MOST_ROUNDS && notFaster < NOT_FASTER; round++) {
      Duration took = calls.closedLoop(ROUND);
      double rate = calls.mark().right() / (took.toNanos() / 1e9);
      notFaster = rate > fastest * FASTER ? 0 : notFaster + 1;
      fastest = Math.max(fastest, rate);
      System.out.printf("warm-up: %.0f right answers per second%n", rate);
    }
    calls.openLoop(TIMES * fastest, ROUND.multipliedBy(2));
    calls.recovery();
    calls.mark();
  }

  /// A thread that ends meanwhile makes taskset complain, and is no matter.
  private static void pinMyself(String cores) throws Exception {
    String pid = Long.toString(ProcessHandle.current().pid());
    new ProcessBuilder("taskset", "-a", "-c", "-p", cores, pid)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start()
        .waitFor();
  }
}
