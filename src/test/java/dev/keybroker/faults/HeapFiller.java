package dev.keybroker.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.BatchUnwrapDeksResponse;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksResponse;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.KeyBrokerGrpc.KeyBrokerBlockingStub;
import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Stream;

/// Callers who wrap and unwrap in the largest batches, many at a time.
final class HeapFiller {
  private static final int CALLERS = 16;
  private static final int ITEMS = 1000;

  private final String keystore;
  private final Outcomes outcomes = new Outcomes();
  private final Queue<Wrapped> unchecked = new ConcurrentLinkedQueue<>();

  private record Wrapped(KnownDek dek, ByteString wrappedDek) {}

  HeapFiller(String keystore) {
    this.keystore = keystore;
  }

  /// Calls for so long, or until nobody answers.
  void fill(Channel channel, Duration time) throws InterruptedException {
    KeyBrokerBlockingStub broker =
        KeyBrokerGrpc.newBlockingStub(channel).withMaxInboundMessageSize(64 << 20);
    long end = System.nanoTime() + time.toNanos();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      callers.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    boolean answers = true;
                    while (answers && System.nanoTime() < end) {
                      answers = call(broker.withDeadlineAfter(Duration.ofSeconds(10)));
                    }
                  }));
    }
    for (Thread caller : callers) {
      caller.join();
    }
  }

  /// What became of all calls.
  Outcomes outcomes() {
    return outcomes;
  }

  /// What was wrapped by a broker that ended before it unwrapped it is not lost.
  void assertAllUnwrap(KeyBrokerBlockingStub broker) {
    for (Wrapped wrapped : unchecked) {
      assertEquals(
          wrapped.dek().dek(),
          broker.unwrapDek(wrapped.dek().unwrap(wrapped.wrappedDek())).getDek());
    }
  }

  /// @return whether the broker answered
  private boolean call(KeyBrokerBlockingStub broker) {
    List<KnownDek> deks = Stream.generate(() -> KnownDek.random(keystore)).limit(ITEMS).toList();
    long started = System.nanoTime();
    List<Wrapped> wrapped = new ArrayList<>();
    try {
      BatchWrapDeksRequest.Builder wraps = BatchWrapDeksRequest.newBuilder();
      deks.forEach(it -> wraps.addRequests(it.wrap()));
      BatchWrapDeksResponse wrappedDeks = broker.batchWrapDeks(wraps.build());
      for (int i = 0; i < ITEMS; i++) {
        if (wrappedDeks.getResults(i).hasResponse()) {
          wrapped.add(
              new Wrapped(deks.get(i), wrappedDeks.getResults(i).getResponse().getWrappedDek()));
        } else {
          refused(wrappedDeks.getResults(i).getError().getMessage(), started);
        }
      }
      BatchUnwrapDeksRequest.Builder unwraps = BatchUnwrapDeksRequest.newBuilder();
      wrapped.forEach(it -> unwraps.addRequests(it.dek().unwrap(it.wrappedDek())));
      check(wrapped, broker.batchUnwrapDeks(unwraps.build()), started);
      return true;
    } catch (StatusRuntimeException e) {
      // A few of each call are enough to see that they are not lost.
      unchecked.addAll(wrapped.subList(0, Math.min(5, wrapped.size())));
      refused(BrokerClient.reasonOrCode(e), started);
      return e.getStatus().getCode() != Status.Code.UNAVAILABLE;
    }
  }

  private void check(List<Wrapped> wrapped, BatchUnwrapDeksResponse response, long started) {
    for (int i = 0; i < wrapped.size(); i++) {
      if (!response.getResults(i).hasResponse()) {
        refused(response.getResults(i).getError().getMessage(), started);
      } else if (response.getResults(i).getResponse().getDek().equals(wrapped.get(i).dek().dek())) {
        outcomes.addRight(System.nanoTime() - started);
      } else {
        outcomes.addWrong();
      }
    }
  }

  private void refused(String reason, long started) {
    outcomes.addRefused(reason, started, System.nanoTime() - started);
  }
}
