package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Glob;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// A fault rule in force. Closing it ends it, and lets go what hangs by it.
public final class ActiveFault implements AutoCloseable {

  private static final long SECOND_NANOS = 1_000_000_000L;

  private final String id;
  private final Fault fault;
  private final Faults owner;
  private final CountDownLatch ended = new CountDownLatch(1);
  private long struck;
  private long windowStart;
  private int callsInWindow;

  ActiveFault(String id, Fault fault, Faults owner) {
    this.id = id;
    this.fault = fault;
    this.owner = owner;
  }

  public String id() {
    return id;
  }

  public Fault fault() {
    return fault;
  }

  /// How many calls were struck so far.
  public synchronized long struck() {
    return struck;
  }

  @Override
  public void close() {
    owner.remove(this);
  }

  void end() {
    ended.countDown();
  }

  /// Returns once the rule has ended.
  void awaitEnd() throws InterruptedException {
    ended.await();
  }

  /// Whether the rule strikes this call. Counts it if so.
  boolean strikes(CallSubject call) {
    return matches(fault.region(), call.region())
        && matches(fault.account(), call.account())
        && matches(fault.resource(), call.resource())
        && matches(fault.operation(), call.operation())
        && matches(fault.caller(), call.caller())
        && admits();
  }

  private synchronized boolean admits() {
    if (fault.times() > 0 && struck >= fault.times()) {
      return false;
    }
    if (fault.abovePerSecond() > 0 && withinRate()) {
      return false;
    }
    if (fault.probability() < 1
        && ThreadLocalRandom.current().nextDouble() >= fault.probability()) {
      return false;
    }
    struck++;
    return true;
  }

  private boolean withinRate() {
    long now = System.nanoTime();
    if (callsInWindow == 0 || now - windowStart >= SECOND_NANOS) {
      windowStart = now;
      callsInWindow = 0;
    }
    return ++callsInWindow <= fault.abovePerSecond();
  }

  private static boolean matches(@Nullable String pattern, String value) {
    return pattern == null || Glob.matches(pattern, value);
  }
}
