package dev.keybroker.access.jwt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.access.AuthenticationFailure.TooManyTokens;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TokenLaneTest {
  private static final Duration LONG = Duration.ofSeconds(30);

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final TokenLane lane = new TokenLane(meters);

  @AfterEach
  void stop() {
    lane.close();
  }

  @Test
  void work_isDoneOnTheThreadOfTheLane() {
    assertNotSame(Thread.currentThread(), lane.run(Thread::currentThread).await().atMost(LONG));
  }

  @Test
  void failure_isThatOfTheWork() {
    Uni<Object> work =
        lane.run(
            () -> {
              throw new IllegalArgumentException("expected");
            });
    assertThrows(IllegalArgumentException.class, () -> work.await().atMost(LONG));
  }

  @Test
  void moreThanTheQueueHolds_isRefusedAtOnceAndTheRestIsDone() throws Exception {
    CountDownLatch busy = new CountDownLatch(1);
    CountDownLatch go = new CountDownLatch(1);
    AtomicInteger done = new AtomicInteger();
    List<CompletableFuture<Integer>> all = new ArrayList<>();
    all.add(
        lane.run(
                () -> {
                  busy.countDown();
                  go.await();
                  return done.incrementAndGet();
                })
            .subscribeAsCompletionStage());
    busy.await();
    for (int i = 0; i < TokenLane.QUEUE; i++) {
      all.add(lane.run(done::incrementAndGet).subscribeAsCompletionStage());
    }
    Uni<Integer> tooMuch = lane.run(done::incrementAndGet);
    assertThrows(TooManyTokens.class, () -> tooMuch.await().atMost(LONG));
    assertEquals(1, meters.counter(Metrics.TOKENS_SHED).count());
    go.countDown();
    CompletableFuture.allOf(all.toArray(CompletableFuture[]::new)).get();
    assertEquals(TokenLane.QUEUE + 1, done.get());
  }
}
