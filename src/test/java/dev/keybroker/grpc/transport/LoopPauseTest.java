package dev.keybroker.grpc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.netty.channel.DefaultEventLoop;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class LoopPauseTest {
  private final DefaultEventLoop loop = new DefaultEventLoop();
  private final List<String> order = new CopyOnWriteArrayList<>();
  private final LoopPause pause = new LoopPause(() -> order.add("pause"));

  @AfterEach
  void close() {
    loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
  }

  @Test
  void pause_comesOnceATurn_afterTheAnswersOfTheTurn() throws Exception {
    for (int turn = 0; turn < 2; turn++) {
      order.clear();
      loop.submit(
              () -> {
                pause.afterThisTurn();
                pause.afterThisTurn();
                loop.execute(() -> order.add("answer"));
              })
          .get();
      for (int task = 0; task < 3; task++) {
        loop.submit(() -> {}).get();
      }

      assertEquals(List.of("answer", "pause"), order);
    }
  }

  @Test
  void pause_whenTheLoopShutsDown_doesNotHappen() throws Exception {
    loop.submit(
            () -> {
              var unused = loop.shutdownGracefully(0, 1, TimeUnit.SECONDS);
              pause.afterThisTurn();
            })
        .get();
    loop.terminationFuture().sync();

    assertEquals(List.of(), order);
  }

  @Test
  void pause_offAnEventLoop_doesNotHappen() throws Exception {
    pause.afterThisTurn();
    loop.submit(() -> {}).get();

    assertEquals(List.of(), order);
  }
}
