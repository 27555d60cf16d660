package dev.keybroker.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.smallrye.mutiny.Uni;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class SingleFlightTest {
  private static final int CALLERS = 16;

  private final SingleFlight<String, Object> flights = new SingleFlight<>();

  /// The outcomes of the computations in the order of their starts; each ends when a test says so.
  private final List<CompletableFuture<Object>> started = new ArrayList<>();

  private Uni<Object> compute() {
    CompletableFuture<Object> outcome = new CompletableFuture<>();
    synchronized (started) {
      started.add(outcome);
    }
    return Uni.createFrom().completionStage(outcome);
  }

  private CompletableFuture<Object> join(String key) {
    return flights.join(key, this::compute).toCompletableFuture();
  }

  private static Throwable failure(CompletableFuture<?> answer) {
    return assertThrows(CompletionException.class, answer::join).getCause();
  }

  @Test
  void callersAtOnce_onManyThreads_shareOneComputation() throws Exception {
    List<Future<CompletionStage<Object>>> callers = new ArrayList<>();
    try (ExecutorService threads = Executors.newFixedThreadPool(CALLERS)) {
      for (int i = 0; i < CALLERS; i++) {
        callers.add(threads.submit(() -> flights.join("a", this::compute)));
      }
    }
    assertEquals(1, started.size());
    assertTrue(flights.isUnderWay("a"));
    Object outcome = new Object();

    started.getFirst().complete(outcome);

    for (Future<CompletionStage<Object>> caller : callers) {
      assertSame(outcome, caller.get().toCompletableFuture().join());
    }
    assertFalse(flights.isUnderWay("a"));
  }

  @Test
  void keys_doNotShare() {
    CompletableFuture<Object> a = join("a");
    CompletableFuture<Object> b = join("b");

    started.getLast().complete("of b");

    assertEquals("of b", b.join());
    assertFalse(a.isDone());
    assertTrue(flights.isUnderWay("a"));
    assertFalse(flights.isUnderWay("b"));
  }

  @Test
  void callerThatLeaves_firstOrLater_changesNothingForTheOthers() {
    CompletableFuture<Object> first = join("a");
    CompletableFuture<Object> second = join("a");
    var third =
        Uni.createFrom()
            .completionStage(() -> flights.join("a", this::compute))
            .subscribe()
            .with(it -> {});
    CompletableFuture<Object> fourth = join("a");

    first.cancel(true);
    second.complete("a forgery");
    third.cancel();
    started.getFirst().complete("outcome");

    assertEquals("outcome", fourth.join());
    assertEquals(1, started.size());
  }

  @Test
  void failure_isSharedByThoseThatWait_andNotRemembered() {
    List<CompletableFuture<Object>> waiting = List.of(join("a"), join("a"));
    RuntimeException failure = new IllegalStateException("failed");

    started.getFirst().completeExceptionally(failure);

    for (CompletableFuture<Object> each : waiting) {
      assertSame(failure, failure(each));
    }
    CompletableFuture<Object> next = join("a");
    started.getLast().complete("outcome");
    assertEquals("outcome", next.join());
    assertEquals(2, started.size());
  }

  @Test
  void outcome_isNotRemembered() {
    join("a");
    started.getFirst().complete("first");

    CompletableFuture<Object> second = join("a");

    assertEquals(2, started.size());
    assertFalse(second.isDone());
  }

  /// The computation has ended by the time that its callers learn of it.
  @Test
  void callerThatAsksAgainOnTheOutcome_startsAnotherComputation() {
    CompletableFuture<Object> again = join("a").thenCompose(outcome -> join("a"));

    started.getFirst().complete("first");

    assertEquals(2, started.size());
    started.getLast().complete("second");
    assertEquals("second", again.join());
  }

  @Test
  void computationThatEndsAtOnce_isNotUnderWayAfterwards() {
    assertEquals(
        "now", flights.join("a", () -> Uni.createFrom().item("now")).toCompletableFuture().join());
    assertFalse(flights.isUnderWay("a"));
  }

  @Test
  void computationThatThrows_failsItsCallerAndBlocksNoLaterOne() {
    RuntimeException failure = new IllegalStateException("broken");
    Supplier<Uni<Object>> broken =
        () -> {
          throw failure;
        };

    assertSame(failure, failure(flights.join("a", broken).toCompletableFuture()));

    assertFalse(flights.isUnderWay("a"));
  }
}
