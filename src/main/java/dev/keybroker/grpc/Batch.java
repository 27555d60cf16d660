package dev.keybroker.grpc;

import com.google.protobuf.Message;
import com.google.rpc.Status;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/// Runs the items of a batch: each is validated and done by itself, and its failure is its own
/// result.
@ApplicationScoped
class Batch {
  /// Items of one call under way at once, so that one batch does not fill the unwrap lane.
  private static final int CONCURRENCY = 32;

  private final RequestValidation validation;

  Batch(RequestValidation validation) {
    this.validation = validation;
  }

  /// The results in the order of their requests.
  <Q extends Message, A, R> Uni<List<R>> run(
      List<Q> requests,
      Function<Q, Uni<A>> operation,
      Function<A, R> success,
      Function<Status, R> failure) {
    Object[] results = new Object[requests.size()];
    return Multi.createFrom()
        .range(0, requests.size())
        .onItem()
        .transformToUni(
            index ->
                item(requests.get(index), operation)
                    .map(success)
                    .onFailure()
                    .recoverWithItem(thrown -> failure.apply(FailureStatus.of(thrown)))
                    .invoke(result -> results[index] = result))
        .merge(CONCURRENCY)
        .collect()
        .last()
        .map(last -> asList(results));
  }

  private <Q extends Message, A> Uni<A> item(Q request, Function<Q, Uni<A>> operation) {
    return Uni.createFrom()
        .deferred(
            () -> {
              RequestRefused refusal = validation.check(request);
              return refusal == null ? operation.apply(request) : Uni.createFrom().failure(refusal);
            });
  }

  @SuppressWarnings("unchecked") // filled with R alone
  private static <R> List<R> asList(Object[] results) {
    return (List<R>) Arrays.asList(results);
  }
}
