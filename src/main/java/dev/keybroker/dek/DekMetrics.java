package dev.keybroker.dek;

import dev.keybroker.concurrent.Soon;
import dev.keybroker.crypto.Encapsulation;
import dev.keybroker.crypto.WrappedDek;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.LastKnownKek;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.telemetry.Metrics;
import dev.keybroker.telemetry.Spans;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.smallrye.mutiny.Uni;
import java.util.EnumMap;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Times the use cases and traces their cryptographic part. All meters are created at startup, so
/// that a call allocates no tags.
public final class DekMetrics {
  private static final String WRAP_CRYPTO = Spans.CRYPTO + ".wrap";
  private static final String UNWRAP_CRYPTO = Spans.CRYPTO + ".unwrap";

  /// The outcome of a call.
  private enum DekOutcome {
    OK,
    NOT_AUTHENTIC,
    /// The state of the keystore, KEK or root key does not admit the call.
    REFUSED,
    /// The broker, a store or KMS failed.
    FAILED
  }

  /// The timers of one use case, by encapsulation (or none) and outcome.
  private record Timers(
      EnumMap<Encapsulation, EnumMap<DekOutcome, Timer>> byEncapsulation,
      EnumMap<DekOutcome, Timer> withoutEncapsulation) {

    static Timers of(MeterRegistry registry, String name) {
      EnumMap<Encapsulation, EnumMap<DekOutcome, Timer>> byEncapsulation =
          new EnumMap<>(Encapsulation.class);
      for (Encapsulation encapsulation : Encapsulation.values()) {
        byEncapsulation.put(encapsulation, byOutcome(registry, name, tag(encapsulation)));
      }
      return new Timers(byEncapsulation, byOutcome(registry, name, "none"));
    }

    private static EnumMap<DekOutcome, Timer> byOutcome(
        MeterRegistry registry, String name, String encapsulation) {
      EnumMap<DekOutcome, Timer> timers = new EnumMap<>(DekOutcome.class);
      for (DekOutcome outcome : DekOutcome.values()) {
        timers.put(
            outcome,
            Timer.builder(name)
                .tag(Metrics.ENCAPSULATION, encapsulation)
                .tag(Metrics.OUTCOME, tag(outcome))
                .register(registry));
      }
      return timers;
    }

    /// @param wrappedDek names its encapsulation; null if there is none
    void record(byte @Nullable [] wrappedDek, long start, @Nullable Throwable failure) {
      EnumMap<DekOutcome, Timer> timers = withoutEncapsulation;
      Encapsulation encapsulation =
          wrappedDek == null ? null : WrappedDek.namedEncapsulation(wrappedDek);
      if (encapsulation != null) {
        timers = byEncapsulation.getOrDefault(encapsulation, withoutEncapsulation);
      }
      Timer timer = timers.get(outcome(failure));
      if (timer != null) {
        timer.record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
      }
    }
  }

  private final Spans spans;
  private final Timers wraps;
  private final Timers unwraps;
  private final Counter lastKnownByRootKey;
  private final Counter lastKnownByStores;
  private final EnumMap<Encapsulation, Timer> wrapCrypto;
  private final EnumMap<Encapsulation, Timer> unwrapCrypto;

  public DekMetrics(MeterRegistry registry) {
    this(registry, Spans.off());
  }

  public DekMetrics(MeterRegistry registry, Spans spans) {
    this.spans = spans;
    wraps = Timers.of(registry, Metrics.WRAP);
    unwraps = Timers.of(registry, Metrics.UNWRAP);
    lastKnownByRootKey = registry.counter(Metrics.WRAP_LAST_KNOWN, Metrics.CAUSE, "root_key");
    lastKnownByStores = registry.counter(Metrics.WRAP_LAST_KNOWN, Metrics.CAUSE, "stores");
    wrapCrypto = crypto(registry, "wrap");
    unwrapCrypto = crypto(registry, "unwrap");
  }

  private static EnumMap<Encapsulation, Timer> crypto(MeterRegistry registry, String operation) {
    EnumMap<Encapsulation, Timer> timers = new EnumMap<>(Encapsulation.class);
    for (Encapsulation encapsulation : Encapsulation.values()) {
      timers.put(
          encapsulation,
          Timer.builder(Metrics.CRYPTO)
              .tag(Metrics.OPERATION, operation)
              .tag(Metrics.ENCAPSULATION, tag(encapsulation))
              .register(registry));
    }
    return timers;
  }

  private static String tag(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  /// Times a wrap until its result is available.
  Soon<WrappedResult> wrap(Supplier<Soon<WrappedResult>> work) {
    return timed(wraps, WrappedResult::wrappedDek, null, work);
  }

  /// Times an unwrap until its result is available.
  Soon<UnwrappedResult> unwrap(byte[] wrappedDek, Supplier<Soon<UnwrappedResult>> work) {
    return timed(unwraps, result -> wrappedDek, wrappedDek, work);
  }

  /// @param named names the encapsulation of a success
  /// @param failed names that of a failure; null if there is none
  private static <T> Soon<T> timed(
      Timers timers, Function<T, byte[]> named, byte @Nullable [] failed, Supplier<Soon<T>> work) {
    long start = System.nanoTime();
    Soon<T> soon;
    try {
      soon = work.get();
    } catch (RuntimeException | Error failure) {
      timers.record(failed, start, failure);
      throw failure;
    }
    return switch (soon) {
      case Soon.Now<T>(T result) -> {
        timers.record(named.apply(result), start, null);
        yield soon;
      }
      case Soon.Later<T>(Uni<T> uni) ->
          new Soon.Later<>(
              uni.onItemOrFailure()
                  .invoke(
                      (result, failure) ->
                          timers.record(
                              result == null ? failed : named.apply(result), start, failure)));
    };
  }

  /// Counts a wrap under a last known KEK.
  void lastKnown(LastKnownKek kek) {
    (kek.rootKeyFailure() == null ? lastKnownByStores : lastKnownByRootKey).increment();
  }

  /// Times the cryptographic part of a wrap.
  <T> T wrapCrypto(Encapsulation encapsulation, Work<T, RuntimeException> work) {
    return spans.around(WRAP_CRYPTO, () -> timed(wrapCrypto.get(encapsulation), work));
  }

  /// Times the cryptographic part of an unwrap.
  <T, E extends Exception> T unwrapCrypto(Encapsulation encapsulation, Work<T, E> work) throws E {
    return spans.around(UNWRAP_CRYPTO, () -> timed(unwrapCrypto.get(encapsulation), work));
  }

  /// Wraps work for another thread, so that it continues the trace of this one.
  <T> Supplier<T> carried(Supplier<T> work) {
    return spans.carried(work);
  }

  private static <T, E extends Exception> T timed(@Nullable Timer timer, Work<T, E> work) throws E {
    long start = System.nanoTime();
    try {
      return work.run();
    } finally {
      if (timer != null) {
        timer.record(System.nanoTime() - start, TimeUnit.NANOSECONDS);
      }
    }
  }

  /// The timed part.
  interface Work<T, E extends Exception> {
    T run() throws E;
  }

  private static DekOutcome outcome(@Nullable Throwable failure) {
    return switch (failure) {
      case null -> DekOutcome.OK;
      case DekFailure.NotAuthentic ignored -> DekOutcome.NOT_AUTHENTIC;
      case KekFailure.StoreUnavailable ignored -> DekOutcome.FAILED;
      case KekFailure ignored -> DekOutcome.REFUSED;
      case KmsFailure kms ->
          switch (kms.kind()) {
            case THROTTLED, TOO_MANY_CALLS, UNREACHABLE -> DekOutcome.FAILED;
            default -> DekOutcome.REFUSED;
          };
      default -> DekOutcome.FAILED;
    };
  }
}
