package dev.keybroker.embedded.kms;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/// The fault rules of a local KMS. Each matching rule delays the call; the oldest matching one that
/// does more than that decides what becomes of it. Thread-safe.
public final class Faults {

  private final List<ActiveFault> active = new CopyOnWriteArrayList<>();
  private final AtomicLong ids = new AtomicLong();

  Faults() {}

  /// Puts a rule in force until it is closed, spent, or cleared.
  public ActiveFault add(Fault fault) {
    ActiveFault added = new ActiveFault(String.valueOf(ids.incrementAndGet()), fault, this);
    active.add(added);
    return added;
  }

  /// The rules in force, oldest first.
  public List<ActiveFault> list() {
    return List.copyOf(active);
  }

  /// Ends every rule.
  public void clear() {
    list().forEach(this::remove);
  }

  void remove(ActiveFault fault) {
    active.remove(fault);
    fault.end();
  }

  /// Waits as the rules say, and returns what to do with the call.
  Fault.Kind strike(CallSubject call) throws InterruptedException {
    Fault.Kind kind = Fault.Kind.LATENCY;
    for (ActiveFault rule : active) {
      boolean undecided = kind == Fault.Kind.LATENCY;
      if ((undecided || rule.fault().kind() == Fault.Kind.LATENCY) && rule.strikes(call)) {
        Thread.sleep(rule.fault().latency());
        if (rule.fault().kind() == Fault.Kind.HANG) {
          rule.awaitEnd();
        }
        kind = undecided ? rule.fault().kind() : kind;
      }
    }
    return kind;
  }
}
