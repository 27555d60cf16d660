package dev.keybroker.grpc.transport;

import io.netty.util.internal.ThreadExecutorMap;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.concurrent.Executor;

/// The event loop that a call runs on.
public final class CallThread {
  private CallThread() {}

  /// Returns the event loop of this thread. It is the same for all calls on the thread and has no
  /// call's context.
  ///
  /// @param otherwise what is returned outside an event loop
  public static Executor loop(Executor otherwise) {
    Executor loop = ThreadExecutorMap.currentExecutor();
    return loop == null ? otherwise : loop;
  }

  /// Runs later work in the order of the call that is current on this thread.
  public static Executor current() {
    Context context = Vertx.currentContext();
    if (context == null) {
      throw new IllegalStateException("not on an event loop");
    }
    return work -> context.runOnContext(ignored -> work.run());
  }
}
