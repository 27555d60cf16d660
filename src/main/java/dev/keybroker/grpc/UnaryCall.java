package dev.keybroker.grpc;

import dev.keybroker.audit.AuditTrail;
import dev.keybroker.concurrent.Soon;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.Status;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import java.util.Objects;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/// A call of the data plane. If it waits for nothing, it ends on the event loop that read it,
/// before anything else runs there.
///
/// Its work stops when its caller is gone: the deadline expired, the caller cancelled, or the
/// connection broke. An answer that has no caller any more is withheld.
final class UnaryCall<Q, T, A> extends ServerCall.Listener<Q>
    implements Context.CancellationListener {
  /// One message, and one more to recognise a call that has too many.
  private static final int MESSAGES = 2;

  private final ServerCall<Q, A> call;
  private final BiFunction<CallOrigin, Q, Soon<Answer<T>>> work;
  private final BiFunction<T, Metadata, A> response;
  private final Context context = Context.current();
  private @Nullable Q request;
  private volatile boolean ended;
  private @Nullable Cancellable waiting;

  private UnaryCall(
      ServerCall<Q, A> call,
      BiFunction<CallOrigin, Q, Soon<Answer<T>>> work,
      BiFunction<T, Metadata, A> response) {
    this.call = call;
    this.work = work;
    this.response = response;
  }

  /// Returns the handler of an rpc.
  ///
  /// @param response makes the response, and adds headers to it, right before it is sent
  static <Q, T, A> ServerCallHandler<Q, A> handler(
      BiFunction<CallOrigin, Q, Soon<Answer<T>>> work, BiFunction<T, Metadata, A> response) {
    return (call, headers) -> {
      call.request(MESSAGES);
      return new UnaryCall<>(call, work, response);
    };
  }

  /// Returns the handler of an rpc whose parts are recorded one by one.
  static <Q, A> ServerCallHandler<Q, A> handler(BiFunction<CallOrigin, Q, Uni<A>> work) {
    return handler(
        (origin, request) ->
            new Soon.Later<>(
                work.apply(origin, request).map(answer -> new Answer<>(answer, why -> {}))),
        (answer, headers) -> answer);
  }

  @Override
  public void onMessage(Q message) {
    request = message;
  }

  @Override
  public void onHalfClose() {
    if (context.isCancelled()) {
      return;
    }
    try {
      switch (work.apply(CallOrigin.current(), Objects.requireNonNull(request))) {
        case Soon.Now<Answer<T>>(Answer<T> answer) -> send(answer);
        case Soon.Later<Answer<T>>(Uni<Answer<T>> later) -> await(later);
      }
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  private void await(Uni<Answer<T>> later) {
    waiting = later.subscribe().with(this::send, this::fail);
    // Many results are available at this point.
    if (!ended) {
      context.addListener(this, Runnable::run);
    }
  }

  @Override
  public void cancelled(Context ended) {
    Cancellable underWay = waiting;
    if (underWay != null) {
      underWay.cancel();
    }
  }

  private void send(Answer<T> answer) {
    ended = true;
    if (context.isCancelled()) {
      answer.withhold(AuditTrail.CANCELLED);
      return;
    }
    try {
      Metadata headers = new Metadata();
      A message = response.apply(answer.release(), headers);
      call.sendHeaders(headers);
      call.sendMessage(message);
      call.close(Status.OK, new Metadata());
    } catch (RuntimeException | Error e) {
      fail(e);
    }
  }

  private void fail(Throwable failure) {
    ended = true;
    FailureStatus.answer(failure).end(call);
  }
}
