package dev.keybroker.faults;

import com.google.protobuf.ByteString;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.KeyBrokerGrpc.KeyBrokerBlockingStub;
import io.grpc.Channel;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.locks.LockSupport;

/// Callers of many keystores by all brokers, at a rate for hours: three wraps for two unwraps.
///
/// What is unwrapped was wrapped a moment ago or minutes ago, so that keys of former rotations are
/// asked for, too: [#KEPT] wrapped DEKs are kept, and every tenth new one takes the place of one of
/// them, whichever.
final class SoakLoad implements AutoCloseable {
  private static final int CALLERS = 32;
  private static final int KEPT = 50_000;
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  private final List<KeyBrokerBlockingStub> brokers;
  private final List<String> keystores = new CopyOnWriteArrayList<>();
  private final AtomicReferenceArray<Wrapped> known = new AtomicReferenceArray<>(KEPT);
  private final List<Thread> callers = new ArrayList<>();
  private volatile double perSecond = Double.MAX_VALUE;
  private volatile Outcomes outcomes = new Outcomes();
  private volatile boolean ended;

  private record Wrapped(KnownDek dek, ByteString wrappedDek) {}

  SoakLoad(List<? extends Channel> brokers) {
    this.brokers = brokers.stream().map(KeyBrokerGrpc::newBlockingStub).toList();
  }

  /// Calls this keystore, too.
  void add(String keystore) {
    keystores.add(keystore);
  }

  /// Calls it no longer, for a wrap or an unwrap.
  void remove(String keystore) {
    keystores.remove(keystore);
    for (int i = 0; i < KEPT; i++) {
      Wrapped wrapped = known.get(i);
      if (wrapped != null && wrapped.dek().keystore().equals(keystore)) {
        known.compareAndSet(i, wrapped, null);
      }
    }
  }

  /// Lets the callers begin, as fast as they get answers.
  void start() {
    for (int i = 0; i < CALLERS; i++) {
      callers.add(Thread.ofVirtual().start(this::repeat));
    }
  }

  /// All callers together, from now on.
  void pace(double callsPerSecond) {
    perSecond = callsPerSecond;
  }

  /// Counts anew, and tells what became of the calls since the last time.
  Outcomes mark() {
    Outcomes past = outcomes;
    outcomes = new Outcomes();
    return past;
  }

  private void repeat() {
    long next = System.nanoTime();
    while (!ended) {
      call();
      next += (long) (CALLERS / perSecond * TimeUnit.SECONDS.toNanos(1));
      long now = System.nanoTime();
      // Who is late by a second has lost those calls.
      next = Math.max(next, now - TimeUnit.SECONDS.toNanos(1));
      LockSupport.parkNanos(next - now);
    }
  }

  private void call() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    KeyBrokerBlockingStub broker =
        brokers.get(random.nextInt(brokers.size())).withDeadlineAfter(DEADLINE);
    Wrapped wrapped = random.nextInt(5) < 2 ? known.get(random.nextInt(KEPT)) : null;
    Outcomes count = outcomes;
    long started = System.nanoTime();
    try {
      if (wrapped == null) {
        wrap(broker, KnownDek.random(keystores.get(random.nextInt(keystores.size()))));
        count.addRight(System.nanoTime() - started);
      } else if (isRight(broker, wrapped)) {
        count.addRight(System.nanoTime() - started);
      } else {
        count.addWrong();
      }
    } catch (StatusRuntimeException e) {
      count.addRefused(BrokerClient.reasonOrCode(e), started, System.nanoTime() - started);
    }
  }

  private void wrap(KeyBrokerBlockingStub broker, KnownDek dek) {
    Wrapped wrapped = new Wrapped(dek, broker.wrapDek(dek.wrap()).getWrappedDek());
    ThreadLocalRandom random = ThreadLocalRandom.current();
    int place = random.nextInt(KEPT);
    boolean isKept = random.nextInt(10) == 0 || known.get(place) == null;
    if (isKept && keystores.contains(dek.keystore())) {
      known.set(place, wrapped);
    }
  }

  private static boolean isRight(KeyBrokerBlockingStub broker, Wrapped wrapped) {
    return broker
        .unwrapDek(wrapped.dek().unwrap(wrapped.wrappedDek()))
        .getDek()
        .equals(wrapped.dek().dek());
  }

  /// Unwraps all that is kept once more.
  Outcomes unwrapAll() {
    Outcomes all = new Outcomes();
    for (int i = 0; i < KEPT; i++) {
      Wrapped wrapped = known.get(i);
      if (wrapped == null) {
        continue;
      }
      long started = System.nanoTime();
      try {
        if (isRight(brokers.get(i % brokers.size()).withDeadlineAfter(DEADLINE), wrapped)) {
          all.addRight(System.nanoTime() - started);
        } else {
          all.addWrong();
        }
      } catch (StatusRuntimeException e) {
        all.addRefused(BrokerClient.reasonOrCode(e), started, System.nanoTime() - started);
      }
    }
    return all;
  }

  @Override
  public void close() {
    ended = true;
    for (Thread caller : callers) {
      try {
        caller.join(DEADLINE.plusSeconds(2));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
