package dev.keybroker.faults;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/// Calls that begin at a rate, whatever becomes of those before: what users offer does not wait for
/// a broker that is slow.
final class OpenLoop {
  private OpenLoop() {}

  /// Begins so many calls per second for a while, each on a virtual thread, and waits for them all.
  ///
  /// @param call is told when it was due, by `System.nanoTime`
  static void run(double perSecond, Duration time, Call call) throws InterruptedException {
    List<Thread> calls = new ArrayList<>();
    long started = System.nanoTime();
    double interval = 1e9 / perSecond;
    long number = 0;
    for (long due = started;
        due < started + time.toNanos();
        due = started + (long) (number * interval)) {
      long now = System.nanoTime();
      if (due > now) {
        LockSupport.parkNanos(due - now);
      }
      long dueNanos = due;
      calls.add(Thread.ofVirtual().start(() -> call.make(dueNanos)));
      number++;
    }
    for (Thread each : calls) {
      each.join();
    }
  }

  /// A call; it never throws.
  interface Call {
    void make(long dueNanos);
  }
}
