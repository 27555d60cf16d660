package dev.keybroker.concurrent;

import io.smallrye.mutiny.Uni;
import java.util.function.Function;
import java.util.function.Supplier;

/// A result that is available now, or later as a [Uni]. A call that waits for nothing passes its
/// result on without the cost of a Uni. Work that fails now throws its failure.
public sealed interface Soon<T> {
  /// The result is available.
  record Now<T>(T value) implements Soon<T> {}

  /// The result is not available yet. Subscribe once.
  record Later<T>(Uni<T> result) implements Soon<T> {}

  /// Returns the Uni of some work. It starts the work, and fails if the work fails now.
  static <T> Uni<T> uni(Supplier<Soon<T>> work) {
    return Uni.createFrom().deferred(() -> work.get().uni());
  }

  /// Returns this result as a Uni.
  default Uni<T> uni() {
    return switch (this) {
      case Now<T>(T value) -> Uni.createFrom().item(value);
      case Later<T>(Uni<T> result) -> result;
    };
  }

  /// Returns what a step makes of the result.
  default <R> Soon<R> map(Function<T, R> step) {
    return switch (this) {
      case Now<T>(T value) -> new Now<>(step.apply(value));
      case Later<T>(Uni<T> result) -> new Later<>(result.map(step));
    };
  }

  /// Returns the Uni that a step makes of the result. The step runs now if the result is available.
  default <R> Uni<R> chain(Function<T, Uni<R>> step) {
    return switch (this) {
      case Now<T>(T value) -> step.apply(value);
      case Later<T>(Uni<T> result) -> result.chain(step::apply);
    };
  }
}
