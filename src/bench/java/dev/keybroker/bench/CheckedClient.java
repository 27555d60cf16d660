package dev.keybroker.bench;

import com.google.protobuf.ByteString;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.ManagedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;

/// A Java gRPC client that looks at every answer.
final class CheckedClient implements AutoCloseable {
  static final Map<String, String> CONTEXT =
      Map.of("recording", "2026-11-22/0001", "media", "audio");

  private static final int DEK_SIZE = 32;
  private static final int CONNECTIONS = 4;
  private static final int FIRST_CALLS = 500;
  private static final int FIRST_CALLERS = 8;

  /// A wrapped DEK with what it must unwrap to.
  record Wrapped(ByteString wrapped, ByteString dek) {}

  private final List<ManagedChannel> channels = new ArrayList<>();
  private final List<KeyBrokerGrpc.KeyBrokerFutureStub> stubs = new ArrayList<>();

  CheckedClient(Broker on) {
    for (int i = 0; i < CONNECTIONS; i++) {
      ManagedChannel channel = on.channel().directExecutor().build();
      channels.add(channel);
      stubs.add(KeyBrokerGrpc.newFutureStub(channel));
    }
  }

  static WrapDekRequest wrapRequest(String keystore) {
    return WrapDekRequest.newBuilder()
        .setKeystore(keystore)
        .putAllEncryptionContext(CONTEXT)
        .build();
  }

  static UnwrapDekRequest unwrapRequest(String keystore, ByteString wrapped) {
    return UnwrapDekRequest.newBuilder()
        .setKeystore(keystore)
        .setWrappedDek(wrapped)
        .putAllEncryptionContext(CONTEXT)
        .build();
  }

  private KeyBrokerGrpc.KeyBrokerFutureStub stub(long call) {
    return stubs.get((int) (call % CONNECTIONS));
  }

  WrapDekResponse wrap(String keystore) {
    return KeyBrokerGrpc.newBlockingStub(channels.getFirst()).wrapDek(wrapRequest(keystore));
  }

  /// So many fresh DEKs of a keystore, as the broker wraps them.
  List<Wrapped> stock(String keystore, int size) {
    Wrapped[] stock = new Wrapped[size];
    WrapDekRequest request = wrapRequest(keystore);
    ClosedLoop.calls(
        size,
        64,
        call -> stub(call).wrapDek(request),
        (call, answer) -> stock[(int) call] = checked(keystore, answer));
    return List.of(stock);
  }

  private static Wrapped checked(String keystore, WrapDekResponse answer) {
    check(answer.getKek().startsWith(keystore + "/keks/"), "a KEK of another keystore");
    check(answer.getDek().size() == DEK_SIZE, "a DEK of another size");
    check(!answer.getWrappedDek().isEmpty(), "no wrapped DEK");
    return new Wrapped(answer.getWrappedDek(), answer.getDek());
  }

  /// The first calls of a cold broker, however long each takes: h2load counts none that is not
  /// answered within its load. The private KEK is in memory then.
  void begin(String keystore) {
    unwraps(keystore, stock(keystore, FIRST_CALLS), FIRST_CALLERS);
  }

  /// Wraps for a time.
  Latencies wraps(String keystore, int callers, double seconds) {
    WrapDekRequest request = wrapRequest(keystore);
    return ClosedLoop.time(
        seconds,
        callers,
        call -> stub(call).wrapDek(request),
        (call, answer) -> checked(keystore, answer));
  }

  /// Makes each of these wraps once.
  Latencies wraps(List<WrapDekRequest> requests, int callers) {
    return ClosedLoop.calls(
        requests.size(),
        callers,
        call -> stub(call).wrapDek(requests.get((int) call)),
        (call, answer) -> checked(requests.get((int) call).getKeystore(), answer));
  }

  /// Makes wraps for a time, each the one that its number stands for.
  Latencies wraps(LongFunction<WrapDekRequest> requests, int callers, double seconds) {
    return ClosedLoop.time(
        seconds,
        callers,
        call -> stub(call).wrapDek(requests.apply(call)),
        (call, answer) -> checked(requests.apply(call).getKeystore(), answer));
  }

  /// Unwraps each of these once. Every answer must be the DEK that was wrapped.
  Latencies unwraps(String keystore, List<Wrapped> stock, int callers) {
    return ClosedLoop.calls(
        stock.size(),
        callers,
        call -> stub(call).unwrapDek(unwrapRequest(keystore, stock.get((int) call).wrapped())),
        (call, answer) -> check(stock.get((int) call), answer));
  }

  /// Unwraps the same wrapped DEK for a time.
  Latencies unwrapsAgain(String keystore, Wrapped wrapped, int callers, double seconds) {
    UnwrapDekRequest request = unwrapRequest(keystore, wrapped.wrapped());
    return ClosedLoop.time(
        seconds,
        callers,
        call -> stub(call).unwrapDek(request),
        (call, answer) -> check(wrapped, answer));
  }

  private static void check(Wrapped wrapped, UnwrapDekResponse answer) {
    check(wrapped.dek().equals(answer.getDek()), "another DEK than the one that was wrapped");
  }

  private static void check(boolean right, String otherwise) {
    if (!right) {
      throw new IllegalStateException("wrong answer: " + otherwise);
    }
  }

  @Override
  public void close() {
    for (ManagedChannel channel : channels) {
      channel.shutdownNow();
    }
    try {
      for (ManagedChannel channel : channels) {
        channel.awaitTermination(5, TimeUnit.SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
