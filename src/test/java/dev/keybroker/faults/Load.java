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
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Callers of one keystore who wrap and unwrap without end and check each answer.
///
/// A wrapped DEK shows by its unwrap only that it is right: all of them are kept, and
/// [#unwrapAll] asks for each once more.
final class Load implements AutoCloseable {
  private static final Duration WRAP_DEADLINE = Duration.ofSeconds(1);
  private static final Duration UNWRAP_DEADLINE = Duration.ofSeconds(10);
  private static final Duration PAUSE = Duration.ofMillis(20);
  private static final int CHECKING = 4;

  private final String keystore;
  private final KeyBrokerBlockingStub broker;
  private final Duration wrapDeadline;
  private final List<Wrapped> known = new ArrayList<>();
  private volatile Queue<Wrapped> made = new ConcurrentLinkedQueue<>();
  private final List<Thread> callers = new ArrayList<>();
  private volatile Outcomes wraps = new Outcomes();
  private volatile Outcomes unwraps = new Outcomes();
  private volatile boolean ended;

  private record Wrapped(KnownDek dek, ByteString wrappedDek) {}

  /// Wraps that have a second each.
  ///
  /// @param keystore must be there
  Load(Channel channel, String keystore) {
    this(channel, keystore, WRAP_DEADLINE);
  }

  /// @param keystore must be there
  /// @param wrapDeadline of each wrap
  Load(Channel channel, String keystore, Duration wrapDeadline) {
    this.wrapDeadline = wrapDeadline;
    this.keystore = keystore;
    this.broker = KeyBrokerGrpc.newBlockingStub(channel);
  }

  /// Wraps a few DEKs to unwrap from now on, and lets so many callers begin.
  void start(int wrapping, int unwrapping) {
    for (int i = 0; i < 20; i++) {
      KnownDek dek = KnownDek.random(keystore);
      known.add(
          new Wrapped(
              dek, broker.withDeadlineAfter(UNWRAP_DEADLINE).wrapDek(dek.wrap()).getWrappedDek()));
    }
    for (int i = 0; i < wrapping; i++) {
      callers.add(Thread.ofVirtual().start(() -> repeat(this::wrap)));
    }
    for (int i = 0; i < unwrapping; i++) {
      callers.add(Thread.ofVirtual().start(() -> repeat(this::unwrap)));
    }
  }

  /// Counts anew: what calls that begin from now on become.
  void mark() {
    wraps = new Outcomes();
    unwraps = new Outcomes();
  }

  /// The wraps since the last mark.
  Outcomes wraps() {
    return wraps;
  }

  /// The unwraps since the last mark.
  Outcomes unwraps() {
    return unwraps;
  }

  /// Unwraps each wrapped DEK that was made since the last time.
  Outcomes unwrapAll() throws InterruptedException {
    Outcomes outcomes = new Outcomes();
    Queue<Wrapped> left = made;
    made = new ConcurrentLinkedQueue<>();
    List<Thread> checking = new ArrayList<>();
    for (int i = 0; i < CHECKING; i++) {
      checking.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    for (Wrapped next = left.poll(); next != null; next = left.poll()) {
                      unwrap(next, outcomes);
                    }
                  }));
    }
    for (Thread each : checking) {
      each.join();
    }
    return outcomes;
  }

  private void repeat(Runnable call) {
    while (!ended) {
      call.run();
      LockSupport.parkNanos(PAUSE.toNanos());
    }
  }

  private void wrap() {
    KnownDek dek = KnownDek.random(keystore);
    Outcomes outcomes = wraps;
    long started = System.nanoTime();
    try {
      ByteString wrappedDek =
          broker.withDeadlineAfter(wrapDeadline).wrapDek(dek.wrap()).getWrappedDek();
      outcomes.addRight(System.nanoTime() - started);
      made.add(new Wrapped(dek, wrappedDek));
    } catch (StatusRuntimeException e) {
      outcomes.addRefused(BrokerClient.reasonOrCode(e), started, System.nanoTime() - started);
    }
  }

  private void unwrap() {
    unwrap(known.get(ThreadLocalRandom.current().nextInt(known.size())), unwraps);
  }

  private void unwrap(Wrapped wrapped, Outcomes outcomes) {
    long started = System.nanoTime();
    try {
      ByteString dek =
          broker
              .withDeadlineAfter(UNWRAP_DEADLINE)
              .unwrapDek(wrapped.dek().unwrap(wrapped.wrappedDek()))
              .getDek();
      if (dek.equals(wrapped.dek().dek())) {
        outcomes.addRight(System.nanoTime() - started);
      } else {
        outcomes.addWrong();
      }
    } catch (StatusRuntimeException e) {
      outcomes.addRefused(BrokerClient.reasonOrCode(e), started, System.nanoTime() - started);
    }
  }

  /// Lets the callers end their calls.
  @Override
  public void close() {
    ended = true;
    for (Thread caller : callers) {
      try {
        caller.join(UNWRAP_DEADLINE.toMillis() + TimeUnit.SECONDS.toMillis(2));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
