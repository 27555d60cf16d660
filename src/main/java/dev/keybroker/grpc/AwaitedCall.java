package dev.keybroker.grpc;

import io.grpc.Context;
import io.grpc.Status;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import io.smallrye.mutiny.subscription.UniEmitter;
import org.jspecify.annotations.Nullable;

/// Stops the work of a unary call when its caller is gone: the deadline expired, the caller
/// cancelled, or the connection broke. Quarkus' generated services do not do this.
final class AwaitedCall<T> implements Context.CancellationListener {
  private final Context context;
  private final UniEmitter<? super T> answer;
  private @Nullable Cancellable work;
  private volatile boolean isAnswered;

  private AwaitedCall(Context context, UniEmitter<? super T> answer) {
    this.context = context;
    this.answer = answer;
  }

  /// Ties the work to the call that is current on this thread. If the caller is gone, the work does
  /// not start, or is cancelled.
  static <T> Uni<T> of(Uni<T> work) {
    Context context = Context.current();
    return Uni.createFrom()
        .emitter(
            emitter -> {
              if (context.isCancelled()) {
                emitter.fail(Status.CANCELLED.asRuntimeException());
              } else {
                new AwaitedCall<T>(context, emitter).begin(work);
              }
            });
  }

  private void begin(Uni<T> call) {
    work =
        call.subscribe()
            .with(
                item -> {
                  answered();
                  answer.complete(item);
                },
                failure -> {
                  answered();
                  answer.fail(failure);
                });
    // Most results are available at this point.
    if (!isAnswered) {
      context.addListener(this, Runnable::run);
    }
  }

  private void answered() {
    isAnswered = true;
    context.removeListener(this);
  }

  @Override
  public void cancelled(Context ended) {
    Cancellable underWay = work;
    if (underWay != null && !isAnswered) {
      underWay.cancel();
      answer.fail(Status.CANCELLED.asRuntimeException());
    }
  }
}
