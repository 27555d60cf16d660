package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.UUID;

/// Remembers ids that PostgreSQL did not know a moment ago, so that repeated requests for one cost
/// the stores a read only each time the id is forgotten. Bounded in time and number. Thread-safe.
///
/// An id is random and not known outside before its KEK is stored, so no KEK is refused because of
/// an early request for its id. A change of the KEK removes its id at once.
final class UnknownKeks {
  private final Cache<UUID, Boolean> ids;
  private final Counter hits;

  UnknownKeks(KekCacheConfig config, Ticker ticker, MeterRegistry registry) {
    this.ids =
        Caffeine.newBuilder()
            .maximumSize(config.maxUnknown())
            .expireAfterWrite(config.unknownTime())
            .ticker(ticker)
            .executor(Runnable::run)
            .build();
    this.hits =
        registry.counter(
            Metrics.KEK_READS,
            Metrics.RECORD,
            "kek",
            Metrics.TIER,
            "memory",
            Metrics.RESULT,
            "unknown");
  }

  boolean contains(UUID id) {
    if (ids.getIfPresent(id) == null) {
      return false;
    }
    hits.increment();
    return true;
  }

  void add(UUID id) {
    ids.put(id, true);
  }

  void remove(UUID id) {
    ids.invalidate(id);
  }
}
