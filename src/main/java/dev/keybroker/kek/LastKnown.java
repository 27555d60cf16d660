package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// Records in memory that are asked for again when they are no longer fresh, and kept as the last
/// known ones while the stores do not answer. Only the capacity evicts. Thread-safe.
///
/// A record's age counts from its read in PostgreSQL, wherever it was cached on the way: what
/// another broker put into Redis twenty seconds ago is twenty seconds old here too, so the
/// freshness bounds the whole chain. The age on arrival is taken from the wall clock, from then on
/// time is the ticker's, so that a jump of the clock changes nothing.
final class LastKnown<K, V extends Dated> {
  private final Function<K, Uni<V>> next;
  private final Recovery<V> recovery;
  private final KekCacheConfig config;
  private final Ticker ticker;
  private final Clock clock;
  private final Cache<K, Held<V>> records;
  private final ConcurrentHashMap<K, CompletableFuture<V>> reads = new ConcurrentHashMap<>();
  private final Counter hits;
  private final Counter misses;
  private final Counter lastKnown;

  /// What is done where a read finds that PostgreSQL has lost what memory holds.
  interface Recovery<V> {
    /// The read, or what comes of it.
    ///
    /// @param held what memory holds
    Uni<V> notLost(Uni<V> read, @Nullable V held);
  }

  /// @param freshUntil ticker time from which the stores are asked before the record is used
  /// @param refreshFrom ticker time from which they are asked beside its use
  private record Held<V>(V value, long freshUntil, long refreshFrom) {
    /// Whether it is fresh, and not to be asked for again yet. Where the stores failed lately, they
    /// are asked again later than the freshness ends.
    boolean isFresh(long now) {
      return now - refreshFrom < 0 && now - freshUntil < 0;
    }
  }

  LastKnown(
      String record,
      Function<K, Uni<V>> next,
      Recovery<V> recovery,
      KekCacheConfig config,
      Ticker ticker,
      Clock clock,
      MeterRegistry registry) {
    this.next = next;
    this.recovery = recovery;
    this.config = config;
    this.ticker = ticker;
    this.clock = clock;
    this.records =
        Caffeine.newBuilder().maximumSize(config.maxRecords()).executor(Runnable::run).build();
    this.hits = counter(registry, record, "hit");
    this.misses = counter(registry, record, "miss");
    this.lastKnown = counter(registry, record, "last_known");
  }

  private static Counter counter(MeterRegistry registry, String record, String result) {
    return registry.counter(
        Metrics.KEK_READS, Metrics.RECORD, record, Metrics.TIER, "memory", Metrics.RESULT, result);
  }

  Uni<V> get(K key) {
    Held<V> held = records.getIfPresent(key);
    if (held == null) {
      misses.increment();
      return Uni.createFrom().completionStage(() -> read(key).minimalCompletionStage());
    }
    long now = ticker.read();
    CompletableFuture<V> read = now - held.refreshFrom >= 0 ? read(key) : null;
    if (now - held.freshUntil < 0) {
      hits.increment();
      return Uni.createFrom().item(held.value);
    }
    if (read == null) {
      // The stores failed less than a retry interval ago.
      lastKnown.increment();
      return Uni.createFrom().item(held.value);
    }
    return newestWithin(config.staleWait(), read, held.value);
  }

  /// The record, where memory holds a fresh one and the stores need not be asked yet; null where
  /// [#get(Object)] has more to do.
  @Nullable V fresh(K key) {
    Held<V> held = records.getIfPresent(key);
    if (held == null || !held.isFresh(ticker.read())) {
      return null;
    }
    hits.increment();
    return held.value;
  }

  private Uni<V> newestWithin(Duration wait, CompletableFuture<V> read, V known) {
    return Uni.createFrom()
        .completionStage(read::minimalCompletionStage)
        .ifNoItem()
        .after(wait.isPositive() ? wait : Duration.ofMillis(1))
        .fail()
        .onFailure(LastKnown::isOutage)
        .recoverWithItem(
            () -> {
              lastKnown.increment();
              return known;
            });
  }

  private static boolean isOutage(Throwable failure) {
    return failure instanceof KekFailure.StoreUnavailable
        || failure instanceof io.smallrye.mutiny.TimeoutException;
  }

  /// Reads a record that memory holds again, past every cache, because it was changed. Where that
  /// fails, the record is no longer fresh.
  Uni<Void> changed(K key, Function<K, Uni<V>> source) {
    Held<V> held = records.getIfPresent(key);
    if (held == null) {
      return Uni.createFrom().voidItem();
    }
    return Uni.createFrom()
        .deferred(() -> recovery.notLost(source.apply(key), held.value))
        .invoke(value -> keep(key, value))
        .onFailure()
        .invoke(failure -> expire(key, failure))
        .onFailure()
        .recoverWithNull()
        .replaceWithVoid();
  }

  /// As [#changed(Object, Function)], for every record in memory that a change touched.
  Uni<Void> changed(Predicate<V> touched, Function<K, Uni<V>> source) {
    return Multi.createFrom()
        .iterable(records.asMap().entrySet())
        .filter(entry -> touched.test(entry.getValue().value))
        .onItem()
        .transformToUniAndConcatenate(entry -> changed(entry.getKey(), source))
        .collect()
        .last();
  }

  private void expire(K key, Throwable failure) {
    if (isOutage(failure)) {
      long now = ticker.read();
      records.asMap().computeIfPresent(key, (k, held) -> new Held<>(held.value, now, now));
    } else {
      records.invalidate(key);
    }
  }

  /// One read at a time for a key; whoever comes meanwhile shares it.
  private CompletableFuture<V> read(K key) {
    CompletableFuture<V> mine = new CompletableFuture<>();
    CompletableFuture<V> running = reads.putIfAbsent(key, mine);
    if (running != null) {
      return running;
    }
    Uni.createFrom()
        .deferred(() -> recovery.notLost(next.apply(key), inMemory(key)))
        .subscribe()
        .with(
            value -> {
              V newest = keep(key, value);
              reads.remove(key, mine);
              mine.complete(newest);
            },
            failure -> {
              failed(key, failure);
              reads.remove(key, mine);
              mine.completeExceptionally(failure);
            });
    return mine;
  }

  private @Nullable V inMemory(K key) {
    Held<V> held = records.getIfPresent(key);
    return held == null ? null : held.value;
  }

  private V keep(K key, V value) {
    Held<V> kept =
        records
            .asMap()
            .compute(
                key, (k, held) -> held != null && isNewer(held.value, value) ? held : held(value));
    return kept.value;
  }

  /// Whether the record in memory was read later. A read time in the future says nothing: the clock
  /// was set back since, or is another broker's.
  private boolean isNewer(V inMemory, V read) {
    return inMemory.readTime().isAfter(read.readTime())
        && !inMemory.readTime().isAfter(clock.instant());
  }

  private Held<V> held(V value) {
    Instant now = clock.instant();
    Duration age = Duration.between(value.readTime(), now);
    // A read time in the future is another broker's clock: of unknown age, so not fresh.
    long freshNanos = age.isNegative() ? 0 : config.freshness().minus(age).toNanos();
    long left = Math.max(0, freshNanos);
    long ticks = ticker.read();
    return new Held<>(value, ticks + left, ticks + left - left / 5);
  }

  private void failed(K key, Throwable failure) {
    if (isOutage(failure)) {
      long retryFrom = ticker.read() + config.retry().toNanos();
      records
          .asMap()
          .computeIfPresent(key, (k, held) -> new Held<>(held.value, held.freshUntil, retryFrom));
    } else {
      records.invalidate(key);
    }
  }
}
