package dev.keybroker.grpc;

import com.github.benmanes.caffeine.cache.Ticker;
import com.google.protobuf.Message;
import com.google.rpc.Status;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.function.Function;

/// Runs the items of a batch. Each item is validated and run separately, and a failure becomes the
/// result of that item alone.
@Singleton
class Batch {
  private final RequestValidation validation;
  private final Ticker ticker;
  private final Executor workers;

  @Inject
  Batch(RequestValidation validation, Ticker ticker) {
    this(validation, ticker, Infrastructure.getDefaultExecutor());
  }

  /// @param workers run the part that would occupy an event loop for too long
  Batch(RequestValidation validation, Ticker ticker, Executor workers) {
    this.validation = validation;
    this.ticker = ticker;
    this.workers = workers;
  }

  /// Returns the results in the order of their requests.
  ///
  /// @param success converts an answer into its result. Called after all items have ended, so that
  ///     answers are released only then. If it fails, the item fails
  <Q extends Message, A, R> Uni<List<R>> run(
      List<Q> requests,
      Function<Q, Uni<A>> operation,
      Function<A, R> success,
      Function<Status, R> failure) {
    return Uni.createFrom()
        .<List<BatchRun.Ended<A>>>emitter(
            emitter ->
                new BatchRun<A>(
                        requests.size(),
                        index -> item(requests.get(index), operation),
                        ticker,
                        workers,
                        emitter)
                    .begin())
        .map(
            ended -> {
              List<R> results = new ArrayList<>(ended.size());
              for (BatchRun.Ended<A> item : ended) {
                results.add(result(item, success, failure));
              }
              return results;
            });
  }

  private static <A, R> R result(
      BatchRun.Ended<A> item, Function<A, R> success, Function<Status, R> failure) {
    return switch (item) {
      case BatchRun.Answered<A>(A answer) -> {
        try {
          yield success.apply(answer);
        } catch (RuntimeException e) {
          yield failure.apply(FailureStatus.answer(e).toProto());
        }
      }
      case BatchRun.Failed<A>(Throwable thrown) ->
          failure.apply(FailureStatus.answer(thrown).toProto());
    };
  }

  private <Q extends Message, A> Uni<A> item(Q request, Function<Q, Uni<A>> operation) {
    try {
      RequestInvalid refusal = validation.check(request);
      return refusal == null ? operation.apply(request) : Uni.createFrom().failure(refusal);
    } catch (RuntimeException e) {
      return Uni.createFrom().failure(e);
    }
  }
}
