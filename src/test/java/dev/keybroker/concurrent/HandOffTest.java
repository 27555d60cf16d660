package dev.keybroker.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HandOffTest {
  private final List<HandOff<Secret>> made = new ArrayList<>();
  private final Uni<Secret> uni = HandOff.of(made::add);
  private final Secret secret = new Secret();
  private final List<Object> delivered = new ArrayList<>();

  private static final class Secret implements AutoCloseable {
    private boolean wiped;

    @Override
    public void close() {
      wiped = true;
    }
  }

  private Cancellable subscribe() {
    return uni.subscribe().with(delivered::add, delivered::add);
  }

  private HandOff<Secret> handOff() {
    return made.getLast();
  }

  @Test
  void work_isStartedByEachSubscription() {
    assertEquals(0, made.size());
    subscribe();
    subscribe();
    assertEquals(2, made.size());
  }

  @Test
  void result_thatIsTaken_isTheSubscribers() {
    Cancellable subscription = subscribe();
    assertFalse(handOff().hasEnded());

    handOff().complete(secret);
    subscription.cancel();

    assertEquals(List.of(secret), delivered);
    assertFalse(secret.wiped);
    assertTrue(handOff().hasEnded());
  }

  @Test
  void result_afterACancellation_isWipedAndNotDelivered() {
    subscribe().cancel();
    assertTrue(handOff().hasEnded());

    handOff().complete(secret);

    assertEquals(List.of(), delivered);
    assertTrue(secret.wiped);
  }

  @Test
  void result_atWhoseDeliveryTheSubscriberCancels_isStillTheSubscribers() throws Exception {
    CountDownLatch delivering = new CountDownLatch(1);
    CountDownLatch cancelled = new CountDownLatch(1);
    Cancellable subscription =
        uni.subscribe()
            .with(
                item -> {
                  delivering.countDown();
                  await(cancelled);
                  delivered.add(item);
                });
    Thread maker = Thread.ofVirtual().start(() -> handOff().complete(secret));
    delivering.await();

    subscription.cancel();
    cancelled.countDown();
    maker.join();

    assertEquals(List.of(secret), delivered);
    assertFalse(secret.wiped);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void failure_isDelivered_andNothingAfterACancellation() {
    RuntimeException failure = new IllegalStateException("failed");
    subscribe();
    handOff().fail(failure);
    subscribe().cancel();
    handOff().fail(failure);

    assertEquals(List.of(failure), delivered);
  }

  @Test
  void resultThatCannotBeClosed_afterACancellation_isDropped() {
    List<HandOff<Object>> others = new ArrayList<>();
    HandOff.<Object>of(others::add).subscribe().with(delivered::add).cancel();

    others.getFirst().complete("no secret");
    others.getFirst().complete(null);

    assertEquals(List.of(), delivered);
  }

  @Test
  void nothing_canBeTheResult() {
    List<HandOff<Void>> others = new ArrayList<>();
    var answer = HandOff.<Void>of(others::add).subscribeAsCompletionStage();

    others.getFirst().complete(null);

    assertNull(answer.join());
  }

  @Test
  void end_runsItsActionOnce_alsoWhereItCameBefore() {
    AtomicInteger ends = new AtomicInteger();
    Cancellable cancelled = subscribe();
    handOff().onEnd(ends::incrementAndGet);
    cancelled.cancel();
    handOff().complete(secret);
    assertEquals(1, ends.get());
    assertTrue(handOff().hasEnded());

    subscribe();
    handOff().complete(new Secret());
    handOff().onEnd(ends::incrementAndGet);
    assertEquals(2, ends.get());
  }

  @Test
  void work_thatThrows_failsTheSubscriber() {
    RuntimeException failure = new IllegalStateException("broken");
    var answer =
        HandOff.of(
                handOff -> {
                  throw failure;
                })
            .subscribeAsCompletionStage();

    assertSame(failure, assertThrows(CompletionException.class, answer::join).getCause());
  }
}
