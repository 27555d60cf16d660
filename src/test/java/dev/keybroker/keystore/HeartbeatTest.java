package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.grpc.Eventually;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HeartbeatTest {
  private static final Duration BEAT = Duration.ofMillis(5);

  private final AtomicInteger renewals = new AtomicInteger();
  private final CompletableFuture<String> work = new CompletableFuture<>();

  private Uni<Void> renew() {
    return renewals.incrementAndGet() == 2
        ? Uni.createFrom().failure(new IllegalStateException("no answer"))
        : Uni.createFrom().voidItem();
  }

  private CompletableFuture<String> begin() {
    return Heartbeat.during(Uni.createFrom().completionStage(work), BEAT, this::renew)
        .subscribeAsCompletionStage();
  }

  @Test
  void lease_isRenewedWhileTheWorkGoesOn_alsoAfterARenewalThatFailed() throws Exception {
    CompletableFuture<String> result = begin();
    Eventually.holds(() -> assertTrue(renewals.get() > 3));
    assertFalse(result.isDone());

    work.complete("done");

    assertEquals("done", result.get());
    assertNoFurtherRenewals();
  }

  @Test
  void workThatFails_endsTheRenewals() throws Exception {
    CompletableFuture<String> result = begin();
    Eventually.holds(() -> assertTrue(renewals.get() > 0));

    work.completeExceptionally(new IllegalStateException("refused"));

    assertThrows(ExecutionException.class, result::get);
    assertNoFurtherRenewals();
  }

  /// One may be under way at the end of the work.
  private void assertNoFurtherRenewals() throws InterruptedException {
    int atTheEnd = renewals.get();
    Thread.sleep(BEAT.multipliedBy(20));
    assertTrue(renewals.get() <= atTheEnd + 1, () -> renewals + " after " + atTheEnd);
  }
}
