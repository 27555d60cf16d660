package dev.keybroker.dek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.subscription.Cancellable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnwrapLaneTest {
  private static final Duration LONG = Duration.ofSeconds(10);

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicInteger refusals = new AtomicInteger();
  private final UnwrapLane lane = lane(new TestLaneConfig(1, 1, LONG, 19));
  private final CountDownLatch started = new CountDownLatch(1);
  private final CountDownLatch finish = new CountDownLatch(1);

  record TestLaneConfig(int threads, int queue, Duration longestWait, int nice)
      implements UnwrapLaneConfig {}

  private UnwrapLane lane(UnwrapLaneConfig config) {
    return new UnwrapLane(config, () -> Runnable::run, refusals::incrementAndGet, registry);
  }

  @AfterEach
  void close() {
    lane.close();
  }

  private CompletableFuture<String> occupyTheThread() throws InterruptedException {
    return occupyTheThread(lane);
  }

  private CompletableFuture<String> occupyTheThread(UnwrapLane of) throws InterruptedException {
    CompletableFuture<String> running =
        of.run(
                () -> {
                  started.countDown();
                  awaitQuietly(finish);
                  return "first";
                })
            .subscribeAsCompletionStage();
    started.await();
    return running;
  }

  private static void awaitQuietly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void operation_runsOnTheLane() {
    String thread = lane.run(() -> Thread.currentThread().getName()).await().atMost(LONG);

    assertEquals("unwrap-lane-0", thread);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void thread_leavesItsProcessorToTheOthers() {
    assertEquals(19, lane.run(UnwrapLaneTest::niceValueOfThisThread).await().atMost(LONG));
    assertEquals(0, niceValueOfThisThread());
  }

  /// Field 19 of `/proc/thread-self/stat`; the second one, a name, ends with the last bracket.
  private static int niceValueOfThisThread() {
    try {
      String stat = Files.readString(Path.of("/proc/thread-self/stat"));
      return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16]);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void operation_thatWouldWaitTooLong_isRefusedThoughTheQueueHasRoom() throws Exception {
    try (UnwrapLane slow = lane(new TestLaneConfig(1, 10, Duration.ofMillis(2), 0))) {
      for (int i = 0; i < 40; i++) {
        slow.run(() -> sleepQuietly(Duration.ofMillis(5))).await().atMost(LONG);
      }
      CompletableFuture<String> running = occupyTheThread(slow);
      CompletableFuture<String> waiting = slow.run(() -> "next").subscribeAsCompletionStage();

      assertThrows(DekFailure.Overloaded.class, () -> slow.run(() -> "no").await().atMost(LONG));
      assertThrows(DekFailure.Overloaded.class, slow::admit);

      assertEquals(2, registry.counter(Metrics.UNWRAP_LANE_SHED).count());
      assertEquals(2, refusals.get());
      finish.countDown();
      assertEquals("first", running.get());
      assertEquals("next", waiting.get());
    }
  }

  private static String sleepQuietly(Duration time) {
    try {
      Thread.sleep(time);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return "slept";
  }

  @Test
  void result_comesBackOnTheThreadThatAsked() throws Exception {
    try (ExecutorService caller =
            Executors.newSingleThreadExecutor(work -> new Thread(work, "asks"));
        UnwrapLane toCaller =
            new UnwrapLane(new TestLaneConfig(1, 1, LONG, 0), () -> caller, () -> {}, registry)) {
      String thread =
          toCaller
              .run(() -> "done")
              .map(result -> Thread.currentThread().getName())
              .await()
              .atMost(LONG);

      assertEquals("asks", thread);
    }
  }

  @Test
  void results_ofFastOperations_comeBackTogether() throws Exception {
    AtomicInteger wakeUps = new AtomicInteger();
    Executor caller =
        work -> {
          wakeUps.incrementAndGet();
          work.run();
        };
    try (UnwrapLane toCaller =
        new UnwrapLane(new TestLaneConfig(1, 10, LONG, 0), () -> caller, () -> {}, registry)) {
      List<CompletableFuture<String>> results = new ArrayList<>(List.of(occupyTheThread(toCaller)));
      for (int i = 0; i < 9; i++) {
        results.add(toCaller.run(() -> "fast").subscribeAsCompletionStage());
      }
      finish.countDown();
      for (CompletableFuture<String> result : results) {
        result.get(LONG.toSeconds(), TimeUnit.SECONDS);
      }

      assertTrue(wakeUps.get() < results.size(), wakeUps + " for " + results.size());
    }
  }

  @ParameterizedTest
  @CsvSource({"0, 500000", "1000000, 500000", "6000000, 1500000", "9000000, 2000000"})
  void longerQueue_collectsResultsForLonger_withinBounds(long waitNanos, long holdNanos) {
    assertEquals(holdNanos, UnwrapLane.longestHold(waitNanos));
  }

  @Test
  void resultThatIsHeld_comesBackWhenTheLaneCloses() throws Exception {
    CompletableFuture<String> held = occupyTheThread();
    CompletableFuture<Void> end = new CompletableFuture<>();
    CountDownLatch nextRuns = new CountDownLatch(1);
    CompletableFuture<Void> running =
        lane.run(
                () -> {
                  nextRuns.countDown();
                  return end.join();
                })
            .subscribeAsCompletionStage();
    finish.countDown();
    nextRuns.await();
    assertFalse(held.isDone());

    lane.close();

    assertEquals("first", held.get(LONG.toSeconds(), TimeUnit.SECONDS));
    assertFalse(running.isDone());
    end.complete(null);
    running.get(LONG.toSeconds(), TimeUnit.SECONDS);
  }

  @Test
  void waitingOperation_isNotRunWhereTheLaneCloses() throws Exception {
    CompletableFuture<String> running = occupyTheThread();
    CompletableFuture<String> waiting = lane.run(() -> "never").subscribeAsCompletionStage();

    lane.close();
    finish.countDown();

    assertEquals("first", running.get(LONG.toSeconds(), TimeUnit.SECONDS));
    assertFalse(waiting.isDone());
  }

  @Test
  void resultForAThreadThatHasEnded_isStillClosed() throws Exception {
    AtomicBoolean closed = new AtomicBoolean();
    try (UnwrapLane toEnded =
        new UnwrapLane(
            new TestLaneConfig(1, 1, LONG, 0),
            () ->
                work -> {
                  throw new RejectedExecutionException();
                },
            () -> {},
            registry)) {
      CompletableFuture<Boolean> done = new CompletableFuture<>();
      Cancellable gone =
          toEnded
              .<AutoCloseable>run(
                  () -> {
                    started.countDown();
                    awaitQuietly(finish);
                    return () -> {
                      closed.set(true);
                      done.complete(true);
                    };
                  })
              .subscribe()
              .with(secret -> {});
      started.await();
      gone.cancel();
      finish.countDown();

      assertTrue(done.get(LONG.toSeconds(), TimeUnit.SECONDS));
    }
    assertTrue(closed.get());
  }

  @Test
  void operation_thatThrows_failsItsUniWithThat() {
    IllegalStateException failure = new IllegalStateException("wiped");

    assertSame(
        failure,
        assertThrows(
            IllegalStateException.class,
            () ->
                lane.run(
                        () -> {
                          throw failure;
                        })
                    .await()
                    .atMost(LONG)));
  }

  @Test
  void fullQueue_refusesAtOnceAndCounts() throws Exception {
    CompletableFuture<String> running = occupyTheThread();
    CompletableFuture<String> waiting = lane.run(() -> "second").subscribeAsCompletionStage();
    CompletableFuture<String> refused = lane.run(() -> "third").subscribeAsCompletionStage();

    assertEquals(
        DekFailure.Overloaded.class, refused.handle((item, failure) -> failure).get().getClass());
    assertEquals(1, registry.counter(Metrics.UNWRAP_LANE_SHED).count());
    finish.countDown();
    assertEquals("first", running.get());
    assertEquals("second", waiting.get());
  }

  @Test
  void waitingOperation_cancelled_isNotRun() throws Exception {
    try (UnwrapLane roomy = lane(new TestLaneConfig(1, 2, LONG, 0))) {
      CompletableFuture<String> running = occupyTheThread(roomy);
      AtomicBoolean ran = new AtomicBoolean();
      Cancellable waiting = roomy.run(() -> ran.getAndSet(true)).subscribe().with(item -> {});
      waiting.cancel();
      finish.countDown();
      running.get();

      roomy.run(() -> "later").await().atMost(LONG);

      assertFalse(ran.get());
    }
  }
}
