package dev.keybroker.grpc;

import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Awaits a condition that another process, or another thread, makes true.
public final class Eventually {
  private static final Duration LONGEST = Duration.ofSeconds(15);
  private static final Duration BETWEEN = Duration.ofMillis(50);

  private Eventually() {}

  /// Runs the assertion until it holds, or fails with its last failure.
  public static void holds(Runnable assertion) {
    holds(LONGEST, assertion);
  }

  /// Runs the assertion until it holds, for this time at most.
  public static void holds(Duration longest, Runnable assertion) {
    long end = System.nanoTime() + longest.toNanos();
    while (true) {
      try {
        assertion.run();
        return;
      } catch (AssertionError | StatusRuntimeException e) {
        if (System.nanoTime() - end > 0) {
          throw e;
        }
        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(BETWEEN.toMillis()));
      }
    }
  }
}
