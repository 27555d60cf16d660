package dev.keybroker.grpc.transport;

import io.netty.util.concurrent.EventExecutor;
import io.netty.util.concurrent.FastThreadLocal;
import io.netty.util.internal.ThreadExecutorMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Lets an event loop sleep for a millisecond after a turn, so that it takes more calls together in
/// the next one. An event loop that is woken for each call spends more on being woken than on the
/// call. Thread-safe.
public final class LoopPause {
  private static final long NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final Runnable sleep;
  private final FastThreadLocal<Boolean> due = new FastThreadLocal<>();

  public LoopPause() {
    this(() -> LockSupport.parkNanos(NANOS));
  }

  LoopPause(Runnable sleep) {
    this.sleep = sleep;
  }

  /// Makes the event loop of this thread sleep once, after what it answers in this turn is sent.
  /// Has no effect on other threads, or when the loop shuts down.
  public void afterThisTurn() {
    EventExecutor loop = ThreadExecutorMap.currentExecutor();
    if (loop == null || loop.isShuttingDown() || due.isSet()) {
      return;
    }
    due.set(true);
    // Answers are sent by tasks of the turn that makes them, so the pause is a task after those.
    loop.execute(() -> loop.execute(this::pause));
  }

  private void pause() {
    sleep.run();
    due.remove();
  }
}
