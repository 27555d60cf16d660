package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.v1.GetPublicKekRequest;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// However many items a batch has and whatever they cost, the thread that a call comes on spends a
/// slice of time on it.
class BatchSlicesTest {
  private static final int ITEMS = 1_000;

  /// What an encapsulation for a cold keystore may take.
  private static final long COST = BatchRun.SLICE.toNanos() * 3 / 10;

  private static final int ITEMS_IN_A_SLICE = 4;

  private final AtomicLong nanos = new AtomicLong();
  private final AtomicInteger done = new AtomicInteger();
  private final Queue<Runnable> workers = new ArrayDeque<>();
  private final Batch batch = new Batch(new RequestValidation(), nanos::get, workers::add);

  private static List<GetPublicKekRequest> requests(int count) {
    return IntStream.range(0, count)
        .mapToObj(
            i ->
                GetPublicKekRequest.newBuilder()
                    .setKeystore("tenants/acme/keystores/k" + i)
                    .build())
        .toList();
  }

  private Uni<String> encapsulate(GetPublicKekRequest request) {
    nanos.addAndGet(COST);
    done.incrementAndGet();
    return Uni.createFrom().item(request.getKeystore());
  }

  @Test
  void itemsOfAThousandColdKeystores_areDoneInSlices_oneAtATime() {
    CompletableFuture<List<String>> results =
        batch
            .run(requests(ITEMS), this::encapsulate, name -> name, status -> "failed")
            .subscribeAsCompletionStage();

    assertEquals(ITEMS_IN_A_SLICE, done.get(), "on the thread of the call");
    while (!workers.isEmpty()) {
      assertEquals(1, workers.size());
      int before = done.get();
      workers.remove().run();
      assertTrue(done.get() - before <= ITEMS_IN_A_SLICE, "in one slice");
    }

    assertTrue(results.isDone());
    assertEquals(
        requests(ITEMS).stream().map(GetPublicKekRequest::getKeystore).toList(), results.join());
  }

  @Test
  void cheapItems_areDoneAtOnce() {
    CompletableFuture<List<String>> results =
        batch
            .run(
                requests(ITEMS),
                request -> Uni.createFrom().item(request.getKeystore()),
                name -> name,
                status -> "failed")
            .subscribeAsCompletionStage();

    assertTrue(results.isDone());
    assertTrue(workers.isEmpty());
  }

  @Test
  void itemsThatWait_areUnderWayUpToTheirNumber_andNoResultIsLost() {
    List<UniEmitter<? super String>> waiting = new ArrayList<>();
    CompletableFuture<List<String>> results =
        batch
            .run(
                requests(100),
                request -> Uni.createFrom().<String>emitter(waiting::add),
                name -> name,
                status -> "failed")
            .subscribeAsCompletionStage();
    assertEquals(BatchRun.CONCURRENCY, waiting.size());

    for (int i = 0; i < 100; i++) {
      assertFalse(results.isDone());
      waiting.get(i).complete("item " + i);
    }

    assertEquals(IntStream.range(0, 100).mapToObj(i -> "item " + i).toList(), results.join());
  }

  @Test
  void batchThatNobodyWaitsFor_startsNothingMore() {
    CompletableFuture<List<String>> results =
        batch
            .run(requests(ITEMS), this::encapsulate, name -> name, status -> "failed")
            .subscribeAsCompletionStage();
    results.cancel(false);

    workers.remove().run();

    assertEquals(ITEMS_IN_A_SLICE, done.get());
    assertNull(workers.peek());
  }
}
