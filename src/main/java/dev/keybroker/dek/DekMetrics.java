package dev.keybroker.dek;

import dev.keybroker.crypto.Encapsulation;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.smallrye.mutiny.Uni;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Times the use cases. All meters are made at the start: a call allocates no tag.
public final class DekMetrics {
  enum Operation {
    WRAP,
    UNWRAP
  }

  /// What became of a call.
  private enum Outcome {
    OK,
    NOT_AUTHENTIC,
    /// The keystore, the KEK or the root key does not admit it.
    REFUSED,
    /// The broker, a store or KMS could not.
    FAILED
  }

  /// An encapsulation that works with a key, or [#NO_ENCAPSULATION].
  private static final int NO_ENCAPSULATION = Encapsulation.values().length;

  private final Timer[][] wraps;
  private final Timer[][] unwraps;
  private final Timer[][] crypto = new Timer[Operation.values().length][NO_ENCAPSULATION];

  public DekMetrics(MeterRegistry registry) {
    wraps = timers(registry, Metrics.WRAP);
    unwraps = timers(registry, Metrics.UNWRAP);
    for (Operation operation : Operation.values()) {
      for (Encapsulation encapsulation : Encapsulation.values()) {
        crypto[operation.ordinal()][encapsulation.ordinal()] =
            Timer.builder(Metrics.CRYPTO)
                .tag(Metrics.OPERATION, tag(operation))
                .tag(Metrics.ENCAPSULATION, tag(encapsulation))
                .register(registry);
      }
    }
  }

  private static Timer[][] timers(MeterRegistry registry, String name) {
    Timer[][] timers = new Timer[NO_ENCAPSULATION + 1][Outcome.values().length];
    for (int i = 0; i <= NO_ENCAPSULATION; i++) {
      String encapsulation = i == NO_ENCAPSULATION ? "none" : tag(Encapsulation.values()[i]);
      for (Outcome outcome : Outcome.values()) {
        timers[i][outcome.ordinal()] =
            Timer.builder(name)
                .tag(Metrics.ENCAPSULATION, encapsulation)
                .tag(Metrics.OUTCOME, tag(outcome))
                .register(registry);
      }
    }
    return timers;
  }

  private static String tag(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  Uni<WrappedResult> wrap(Supplier<Uni<WrappedResult>> work) {
    return Uni.createFrom()
        .deferred(
            () -> {
              long start = System.nanoTime();
              return work.get()
                  .onItemOrFailure()
                  .invoke(
                      (result, failure) -> {
                        int encapsulation =
                            result == null ? NO_ENCAPSULATION : encapsulation(result.wrappedDek());
                        record(wraps[encapsulation], start, failure);
                      });
            });
  }

  Uni<UnwrappedResult> unwrap(byte[] wrappedDek, Supplier<Uni<UnwrappedResult>> work) {
    return Uni.createFrom()
        .deferred(
            () -> {
              long start = System.nanoTime();
              return work.get()
                  .onItemOrFailure()
                  .invoke(
                      (result, failure) ->
                          record(unwraps[encapsulation(wrappedDek)], start, failure));
            });
  }

  <T, E extends Exception> T crypto(
      Operation operation, Encapsulation encapsulation, Work<T, E> work) throws E {
    long start = System.nanoTime();
    try {
      return work.run();
    } finally {
      crypto[operation.ordinal()][encapsulation.ordinal()].record(
          System.nanoTime() - start, TimeUnit.NANOSECONDS);
    }
  }

  interface Work<T, E extends Exception> {
    T run() throws E;
  }

  private static int encapsulation(byte[] wrappedDek) {
    if (wrappedDek.length > 1) {
      for (Encapsulation encapsulation : Encapsulation.values()) {
        if (encapsulation.id() == wrappedDek[1]) {
          return encapsulation.ordinal();
        }
      }
    }
    return NO_ENCAPSULATION;
  }

  private static void record(Timer[] timers, long start, @Nullable Throwable failure) {
    timers[outcome(failure).ordinal()].record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
  }

  private static Outcome outcome(@Nullable Throwable failure) {
    return switch (failure) {
      case null -> Outcome.OK;
      case DekFailure.NotAuthentic ignored -> Outcome.NOT_AUTHENTIC;
      case KekFailure.StoreUnavailable ignored -> Outcome.FAILED;
      case KekFailure ignored -> Outcome.REFUSED;
      case KmsFailure kms ->
          switch (kms.kind()) {
            case THROTTLED, UNREACHABLE -> Outcome.FAILED;
            default -> Outcome.REFUSED;
          };
      default -> Outcome.FAILED;
    };
  }
}
