package dev.keybroker.kms;

import dev.keybroker.concurrent.HandOff;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.faulttolerance.api.CircuitBreakerState;
import io.smallrye.faulttolerance.api.Guard;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.util.TypeLiteral;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.eclipse.microprofile.faulttolerance.exceptions.BulkheadException;
import org.eclipse.microprofile.faulttolerance.exceptions.CircuitBreakerOpenException;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The bulkhead for one class of calls to a key, with the circuit breaker inside it. A call that
/// the bulkhead refuses says nothing about the key, so the breaker must not count it.
final class KmsGuard {
  private static final Logger LOG = Logger.getLogger(KmsGuard.class);
  private static final TypeLiteral<CompletionStage<Object>> ASYNC = new TypeLiteral<>() {};

  private final KeyOperation guarded;
  private final Set<KmsGuard> open;
  private final Shed shed;
  private final Guard bulkhead;
  private final Guard breaker;
  private volatile @Nullable KmsFailure lastFault;

  /// Counts the calls that the guards refuse.
  static final class Shed {
    private final Counter byBulkhead;
    private final Counter byBreaker;

    Shed(MeterRegistry registry) {
      byBulkhead = registry.counter(Metrics.KMS_SHED, Metrics.CAUSE, "bulkhead");
      byBreaker = registry.counter(Metrics.KMS_SHED, Metrics.CAUSE, "breaker");
    }
  }

  /// @param open the guards whose breaker is not closed
  KmsGuard(KeyOperation guarded, KmsGuardConfig config, Set<KmsGuard> open, Shed shed) {
    this.guarded = guarded;
    this.open = open;
    this.shed = shed;
    this.bulkhead =
        Guard.create()
            .withDescription("kms-bulkhead")
            .withBulkhead()
            .limit(config.concurrency())
            .queueSize(config.queue())
            .done()
            .build();
    this.breaker =
        Guard.create()
            .withDescription("kms-breaker")
            .withCircuitBreaker()
            .requestVolumeThreshold(config.breakerCalls())
            .failureRatio(config.breakerRatio())
            .delay(config.breakerDelay().toMillis(), ChronoUnit.MILLIS)
            .successThreshold(1)
            .when(KmsGuard::isFault)
            .onStateChange(this::changed)
            .done()
            .build();
  }

  KeyOperation guarded() {
    return guarded;
  }

  /// Whether the service itself failed or throttled the call, and did not answer it with a refusal.
  private static boolean isFault(Throwable failure) {
    return unwrapped(failure) instanceof KmsFailure kms
        && switch (kms.kind()) {
          case UNREACHABLE, THROTTLED -> true;
          default -> false;
        };
  }

  private void changed(CircuitBreakerState state) {
    switch (state) {
      case OPEN -> {
        if (open.add(this)) {
          LOG.warnf("breaker open for %s: %s", guarded, lastFault);
        }
      }
      case HALF_OPEN -> {
        // One trial call is under way.
      }
      case CLOSED -> {
        if (open.remove(this)) {
          LOG.infof("breaker closed for %s", guarded);
        }
      }
    }
  }

  /// Runs a call, or fails with a [KmsFailure] at once. Lazy. A caller that cancels stops waiting,
  /// but a call under way still runs to its end. Otherwise, callers with short deadlines would hide
  /// from the breaker that the key hangs.
  <T> Uni<T> run(Supplier<Uni<T>> call) {
    return HandOff.of(
        answer -> {
          CompletableFuture<T> end = new CompletableFuture<>();
          var unused =
              bulkhead
                  .get(
                      () ->
                          answer.hasEnded()
                              ? nobodyWaits()
                              : breaker.get(() -> begin(call, end), ASYNC),
                      ASYNC)
                  .whenComplete(
                      (done, trouble) -> {
                        if (trouble != null) {
                          answer.fail(failure(unwrapped(trouble)));
                        } else {
                          answer.complete(end.join());
                        }
                      });
        });
  }

  private static CompletionStage<Object> nobodyWaits() {
    return CompletableFuture.failedFuture(new CancellationException());
  }

  private static <T> CompletionStage<Object> begin(
      Supplier<Uni<T>> call, CompletableFuture<T> end) {
    call.get().subscribe().with(end::complete, end::completeExceptionally);
    return end.thenApply(answer -> answer);
  }

  private static Throwable unwrapped(Throwable trouble) {
    return trouble instanceof CompletionException && trouble.getCause() != null
        ? trouble.getCause()
        : trouble;
  }

  private Throwable failure(Throwable trouble) {
    return switch (trouble) {
      case KmsFailure known -> {
        if (isFault(known)) {
          lastFault = known;
        }
        yield known;
      }
      case BulkheadException refused -> {
        shed.byBulkhead.increment();
        yield new KmsFailure(
            KmsFailure.Kind.TOO_MANY_CALLS,
            guarded.operation().action(),
            "TooManyCalls",
            "the broker has as many of these calls under way for this key as it allows",
            null);
      }
      case CircuitBreakerOpenException refused -> {
        shed.byBreaker.increment();
        yield notAsked();
      }
      default -> trouble;
    };
  }

  /// Returns a failure like the last one, so that its reader learns why the breaker opened.
  private KmsFailure notAsked() {
    KmsFailure last = lastFault;
    return last == null
        ? new KmsFailure(
            KmsFailure.Kind.UNREACHABLE,
            guarded.operation().action(),
            "BreakerOpen",
            "not asked: it fails",
            null)
        : new KmsFailure(
            last.kind(),
            last.action(),
            last.code(),
            last.detail() + " (not asked again yet: the breaker of these calls is open)",
            last.requestId());
  }
}
