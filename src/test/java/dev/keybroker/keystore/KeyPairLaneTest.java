package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class KeyPairLaneTest {
  private final KeyPairLane lane = new KeyPairLane();

  @AfterEach
  void close() {
    lane.close();
  }

  @Test
  void keyPairs_areMadeOneAtATimeOnAThreadOfTheirOwn_andBeyondTheQueueRefused() throws Exception {
    CountDownLatch started = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    AtomicInteger atOnce = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    Set<Thread> threads = ConcurrentHashMap.newKeySet();
    List<CompletableFuture<Integer>> made = new ArrayList<>();
    for (int i = 0; i < KeyPairLane.QUEUE + 1; i++) {
      int number = i;
      made.add(
          lane.run(
                  () -> {
                    most.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                    threads.add(Thread.currentThread());
                    started.countDown();
                    awaitUninterruptibly(goOn);
                    atOnce.decrementAndGet();
                    return number;
                  })
              .subscribeAsCompletionStage());
      started.await();
    }

    CompletableFuture<Integer> oneMore = lane.run(() -> 0).subscribeAsCompletionStage();

    Throwable failure = oneMore.handle((item, thrown) -> thrown).get();
    assertInstanceOf(KeystoreFailure.KeyPairsOverloaded.class, failure);
    goOn.countDown();
    for (int i = 0; i < made.size(); i++) {
      assertEquals(i, made.get(i).get());
    }
    assertEquals(1, most.get());
    assertEquals(1, threads.size());
    assertNotEquals(Thread.currentThread(), threads.iterator().next());
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
