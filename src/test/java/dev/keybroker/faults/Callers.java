package dev.keybroker.faults;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.PackagedBroker;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.v1.RotateKekRequest;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

/// The callers of some brokers, and what becomes of their calls in a case.
final class Callers implements AutoCloseable {
  private static final Duration FAULT = Duration.ofSeconds(4);
  private static final Duration LONGEST_WRAP = Duration.ofSeconds(1);
  private static final Duration LONGEST_RECOVERY = Duration.ofSeconds(5);

  /// For so long no call is refused before a fault counts as over. Calls that a fault holds end
  /// within this time, too.
  private static final Duration QUIET = Duration.ofMillis(3200);

  private static final Duration LONGEST_WAIT = Duration.ofSeconds(12);

  private static final int WARM_UNWRAPS_AT_ONCE = 1;
  private static final int COLD_UNWRAPS_AT_ONCE = 2;

  /// The most unwraps that a broker has in progress: of one warm and two cold keystores.
  static final int UNWRAPS_AT_ONCE = WARM_UNWRAPS_AT_ONCE + 2 * COLD_UNWRAPS_AT_ONCE;

  private final Deployment deployment;
  private final List<PackagedBroker> brokers;
  private final List<Load> warm = new ArrayList<>();
  private final List<Load> cold = new ArrayList<>();

  /// @param brokers those that are called
  Callers(Deployment deployment, List<PackagedBroker> brokers) throws InterruptedException {
    this.deployment = deployment;
    this.brokers = List.copyOf(brokers);
    for (PackagedBroker broker : brokers) {
      Channel channel = broker.client().channel();
      warm.add(new Load(channel, deployment.warm()));
      cold.add(new Load(channel, deployment.cold()));
      cold.add(new Load(channel, deployment.byRole()));
    }
    for (Load load : warm) {
      load.start(1, WARM_UNWRAPS_AT_ONCE);
    }
    for (Load load : cold) {
      load.start(1, COLD_UNWRAPS_AT_ONCE);
    }
    // The brokers' code gets warm.
    Thread.sleep(Duration.ofSeconds(5));
  }

  private Stream<Load> loads() {
    return Stream.concat(warm.stream(), cold.stream());
  }

  /// All that a case has to hold.
  void assertHolds(FaultCase fault, CaseResult result) {
    Set<String> ofCold = new HashSet<>(fault.ofAll());
    ofCold.addAll(fault.ofCold());
    assertAll(
        () -> assertEquals(Set.of(), CaseResult.reasons(result.wraps()).keySet(), "wraps"),
        () ->
            result
                .wraps()
                .forEach(it -> assertTrue(it.slowest().compareTo(LONGEST_WRAP) < 0, "wrap time")),
        () -> assertWithin(fault.ofAll(), result.warmUnwraps()),
        () -> assertWithin(ofCold, result.coldUnwraps()),
        () -> assertEquals(Set.of(), CaseResult.reasons(result.checked()).keySet(), "wrapped DEKs"),
        () -> assertEquals(0, result.wrong(), "wrong answers"),
        () -> assertEquals(0, deployment.keystoresWithoutOneActiveKek()),
        () ->
            assertTrue(
                result.recovery().compareTo(LONGEST_RECOVERY) <= 0, result.recovery()::toString),
        () -> brokers.forEach(it -> assertTrue(it.isAlive())));
  }

  private static void assertWithin(Set<String> allowed, List<Outcomes> outcomes) {
    Set<String> others = new HashSet<>(CaseResult.reasons(outcomes).keySet());
    others.removeAll(allowed);
    assertEquals(Set.of(), others, () -> "not among " + allowed);
  }

  /// Lets the fault strike, with a change of key in the middle of it, and waits for its end.
  CaseResult run(FaultCase fault) throws Exception {
    loads().forEach(Load::mark);
    List<Outcomes> wraps = loads().map(Load::wraps).toList();
    List<Outcomes> warmUnwraps = warm.stream().map(Load::unwraps).toList();
    List<Outcomes> coldUnwraps = cold.stream().map(Load::unwraps).toList();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      long started = System.nanoTime();
      Future<String> rotation =
          threads.submit(
              () -> {
                Thread.sleep(FAULT.dividedBy(4));
                return rotate();
              });
      fault.begin().in(deployment);
      sleepUntil(started + FAULT.toNanos());
      fault.end().in(deployment);
      long ended = System.nanoTime();
      awaitQuiet(ended, Stream.of(wraps, warmUnwraps, coldUnwraps).flatMap(List::stream).toList());
      loads().forEach(Load::mark);
      long last =
          Stream.of(wraps, warmUnwraps, coldUnwraps)
              .flatMap(List::stream)
              .mapToLong(it -> it.refused() == 0 ? ended : it.lastRefusedNanos())
              .max()
              .orElse(ended);
      String changed = rotation.get();
      List<Callable<Outcomes>> checks =
          loads().<Callable<Outcomes>>map(it -> it::unwrapAll).toList();
      List<Outcomes> checked = new ArrayList<>();
      for (Future<Outcomes> check : threads.invokeAll(checks)) {
        checked.add(check.get());
      }
      return new CaseResult(
          fault.name(),
          wraps,
          warmUnwraps,
          coldUnwraps,
          checked,
          changed,
          Duration.ofNanos(Math.max(0, last - ended)));
    }
  }

  private String rotate() {
    try {
      brokers
          .getFirst()
          .client()
          .keystores()
          .rotateKek(RotateKekRequest.newBuilder().setName(deployment.cold()).build());
      return "made";
    } catch (StatusRuntimeException e) {
      String reason = BrokerClient.reasonOrCode(e);
      return "`" + reason.substring(reason.indexOf('/') + 1) + "`";
    }
  }

  private static void awaitQuiet(long ended, List<Outcomes> outcomes) throws InterruptedException {
    while (System.nanoTime() - ended < LONGEST_WAIT.toNanos()) {
      long last = ended;
      for (Outcomes each : outcomes) {
        last = each.refused() == 0 ? last : Math.max(last, each.lastRefusedNanos());
      }
      if (System.nanoTime() - last > QUIET.toNanos()) {
        return;
      }
      Thread.sleep(50);
    }
  }

  private static void sleepUntil(long end) throws InterruptedException {
    Thread.sleep(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
  }

  /// Lets the callers end their calls.
  @Override
  public void close() {
    loads().forEach(Load::close);
  }
}
