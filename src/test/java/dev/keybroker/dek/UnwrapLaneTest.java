package dev.keybroker.dek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.subscription.Cancellable;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class UnwrapLaneTest {
  private static final Duration LONG = Duration.ofSeconds(10);

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final UnwrapLane lane = new UnwrapLane(new TestLaneConfig(1, 1, LONG), registry);
  private final CountDownLatch started = new CountDownLatch(1);
  private final CountDownLatch finish = new CountDownLatch(1);

  private record TestLaneConfig(int threads, int queue, Duration longestWait)
      implements UnwrapLaneConfig {}

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
  void operation_thatWouldWaitTooLong_isRefusedThoughTheQueueHasRoom() throws Exception {
    try (UnwrapLane slow =
        new UnwrapLane(new TestLaneConfig(1, 10, Duration.ofMillis(2)), registry)) {
      for (int i = 0; i < 40; i++) {
        slow.run(() -> sleepQuietly(Duration.ofMillis(5))).await().atMost(LONG);
      }
      CompletableFuture<String> running = occupyTheThread(slow);
      CompletableFuture<String> waiting = slow.run(() -> "next").subscribeAsCompletionStage();

      assertThrows(DekFailure.Overloaded.class, () -> slow.run(() -> "no").await().atMost(LONG));

      assertEquals(1, registry.counter(Metrics.UNWRAP_LANE_SHED).count());
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
    CompletableFuture<String> running = occupyTheThread();
    AtomicBoolean ran = new AtomicBoolean();
    Cancellable waiting = lane.run(() -> ran.getAndSet(true)).subscribe().with(item -> {});
    waiting.cancel();
    finish.countDown();
    running.get();

    lane.run(() -> "later").await().atMost(LONG);

    assertFalse(ran.get());
  }
}
