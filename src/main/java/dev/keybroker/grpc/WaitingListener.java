package dev.keybroker.grpc;

import io.grpc.ServerCall;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.Executor;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Buffers the events of a call until its listener is known. Use only on the call's thread.
final class WaitingListener<Q> extends ServerCall.Listener<Q> {
  private final Queue<Consumer<ServerCall.Listener<Q>>> events = new ArrayDeque<>();
  private ServerCall.@Nullable Listener<Q> listener;
  private final Thread thread = Thread.currentThread();

  /// A result that is available at once continues at once, all others on the call's thread.
  Executor inOrder(Executor callThread) {
    return work -> {
      if (Thread.currentThread() == thread) {
        work.run();
      } else {
        callThread.execute(work);
      }
    };
  }

  void goOn(ServerCall.Listener<Q> next) {
    listener = next;
    events.forEach(event -> event.accept(next));
    events.clear();
  }

  private void tell(Consumer<ServerCall.Listener<Q>> event) {
    ServerCall.Listener<Q> known = listener;
    if (known == null) {
      events.add(event);
    } else {
      event.accept(known);
    }
  }

  @Override
  public void onMessage(Q message) {
    tell(known -> known.onMessage(message));
  }

  @Override
  public void onHalfClose() {
    tell(ServerCall.Listener::onHalfClose);
  }

  @Override
  public void onCancel() {
    tell(ServerCall.Listener::onCancel);
  }

  @Override
  public void onComplete() {
    tell(ServerCall.Listener::onComplete);
  }

  @Override
  public void onReady() {
    tell(ServerCall.Listener::onReady);
  }
}
