package dev.keybroker.kms;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/// A bulkhead and a circuit breaker for each class of calls of each use of a key. Calls that hang,
/// fail or are throttled do not affect other keys or other classes of calls to the same key:
/// playback continues while rotations are throttled. Thread-safe.
@Singleton
public final class KmsGuards implements CallGuard {
  private final LoadingCache<KeyOperation, KmsGuard> guards;
  private final Set<KmsGuard> open = ConcurrentHashMap.newKeySet();

  public KmsGuards(KmsGuardConfig config, MeterRegistry registry) {
    for (KmsAction action : KmsAction.classes()) {
      registry.gauge(
          Metrics.KMS_BREAKERS_OPEN,
          Tags.of(Metrics.OPERATION, action.tag()),
          open,
          guards -> count(guards, action));
    }
    KmsGuard.Shed shed = new KmsGuard.Shed(registry);
    this.guards =
        Caffeine.newBuilder()
            .maximumSize(config.max())
            .executor(Runnable::run)
            .<KeyOperation, KmsGuard>removalListener(
                (guarded, guard, cause) -> {
                  if (guard != null) {
                    open.remove(guard);
                  }
                })
            .build(guarded -> new KmsGuard(guarded, config, open, shed));
  }

  private static long count(Collection<KmsGuard> open, KmsAction action) {
    return open.stream().filter(guard -> guard.guarded().operation() == action).count();
  }

  /// Returns the root keys and classes of calls whose circuit breaker is not closed: KMS gets no
  /// calls, or only one trial call. A breaker that is no longer used stays listed.
  public List<KeyOperation> notAsked() {
    return open.stream().map(KmsGuard::guarded).toList();
  }

  @Override
  public <T> Uni<T> run(KeyOperation call, Supplier<Uni<T>> work) {
    return guards.get(call).run(work);
  }
}
