package dev.keybroker.grpc.transport;

import static org.junit.jupiter.api.Assertions.assertSame;

import io.vertx.core.Vertx;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class CallThreadTest {
  private static final Executor OTHERWISE = Runnable::run;

  private final Vertx vertx = Vertx.vertx();

  @AfterEach
  void close() throws Exception {
    vertx.close().toCompletionStage().toCompletableFuture().get(10, TimeUnit.SECONDS);
  }

  @Test
  void loop_isTheSameInACallAndInWorkThatReturnsToTheThread() throws Exception {
    CompletableFuture<Executor> inCall = new CompletableFuture<>();
    CompletableFuture<Executor> later = new CompletableFuture<>();
    vertx.runOnContext(
        call -> {
          Executor loop = CallThread.loop(OTHERWISE);
          inCall.complete(loop);
          // As results of the lane return: without a call's context.
          loop.execute(() -> later.complete(CallThread.loop(OTHERWISE)));
        });
    assertSame(inCall.get(10, TimeUnit.SECONDS), later.get(10, TimeUnit.SECONDS));
  }

  @Test
  void loop_outsideAnEventLoop_isWhatTheCallerNames() {
    assertSame(OTHERWISE, CallThread.loop(OTHERWISE));
  }
}
