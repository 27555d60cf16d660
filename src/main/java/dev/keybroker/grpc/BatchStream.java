package dev.keybroker.grpc;

import com.google.protobuf.Message;
import dev.keybroker.grpc.transport.CallThread;
import dev.keybroker.grpc.transport.StreamBytes;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.Objects;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Executor;
import java.util.function.BiFunction;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/// A call with a stream of messages, each of which gets one response. The order of the responses is
/// that in which they are ready.
///
/// The broker reads the next message only when a response has been sent, and sends a response only
/// when the client reads. So a call never holds more than [#AHEAD] messages and their responses,
/// however fast or slow its client is. When the caller is gone, the work stops.
///
/// All of its state belongs to the call's thread.
final class BatchStream<Q extends Message, A extends Message> extends ServerCall.Listener<Q>
    implements Context.CancellationListener {
  /// The maximum number of messages without a sent response: while one is worked on, the next one
  /// is read.
  static final int AHEAD = 2;

  /// What gRPC adds to each message.
  private static final int PREFIX = 5;

  private final ServerCall<Q, A> call;
  private final Function<Q, Uni<A>> work;
  private final Executor thread;
  private final LongConsumer answered;
  private final Set<Item> underWay = new HashSet<>();
  private final Queue<Item> ready = new ArrayDeque<>();
  private boolean hasHeaders;
  private boolean halfClosed;
  private boolean ended;

  /// @param thread the call's thread
  /// @param answered receives the bytes of each message and its response, once that is sent
  BatchStream(
      ServerCall<Q, A> call, Function<Q, Uni<A>> work, Executor thread, LongConsumer answered) {
    this.call = call;
    this.work = work;
    this.thread = thread;
    this.answered = answered;
  }

  /// Returns the handler of an rpc.
  ///
  /// @param work answers one message
  static <Q extends Message, A extends Message> ServerCallHandler<Q, A> handler(
      BiFunction<CallOrigin, Q, Uni<A>> work) {
    return (call, headers) -> {
      CallOrigin origin = CallOrigin.current();
      BatchStream<Q, A> stream =
          new BatchStream<>(
              call,
              message -> work.apply(origin, message),
              CallThread.current(),
              StreamBytes.ofCurrentCall());
      Context.current().addListener(stream, stream.thread);
      return stream.start();
    };
  }

  BatchStream<Q, A> start() {
    call.request(AHEAD);
    return this;
  }

  private final class Item {
    final Q message;
    @Nullable A response;
    @Nullable Cancellable call;

    Item(Q message) {
      this.message = message;
    }
  }

  @Override
  public void onMessage(Q message) {
    Item item = new Item(message);
    underWay.add(item);
    item.call =
        work.apply(message)
            .subscribe()
            .with(
                response -> thread.execute(() -> answered(item, response)),
                failure -> thread.execute(() -> fail(failure)));
  }

  private void answered(Item item, A response) {
    item.response = response;
    underWay.remove(item);
    ready.add(item);
    send();
  }

  @Override
  public void onReady() {
    send();
  }

  /// A call that has ended is never ready.
  private void send() {
    while (!ended && call.isReady() && !ready.isEmpty()) {
      Item item = ready.remove();
      A response = Objects.requireNonNull(item.response);
      if (!hasHeaders) {
        hasHeaders = true;
        call.sendHeaders(new Metadata());
      }
      call.sendMessage(response);
      answered.accept(
          item.message.getSerializedSize() + response.getSerializedSize() + 2L * PREFIX);
      call.request(1);
    }
    if (halfClosed && !ended && underWay.isEmpty() && ready.isEmpty()) {
      ended = true;
      if (!hasHeaders) {
        call.sendHeaders(new Metadata());
      }
      call.close(Status.OK, new Metadata());
    }
  }

  @Override
  public void onHalfClose() {
    halfClosed = true;
    send();
  }

  private void fail(Throwable failure) {
    if (!ended) {
      stop();
      FailureStatus.answer(failure).end(call);
    }
  }

  @Override
  public void cancelled(Context context) {
    stop();
  }

  private void stop() {
    ended = true;
    ready.clear();
    underWay.forEach(
        item -> {
          if (item.call != null) {
            item.call.cancel();
          }
        });
    underWay.clear();
  }
}
