package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.concurrent.SingleFlight;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/// A cache of records that reads a record again when it is no longer fresh, and uses it as the last
/// known one while the stores do not answer. Records are evicted only when the capacity, in bytes,
/// is exceeded. Thread-safe.
///
/// Slow stores count as stores that answer: beyond `stale-age` a record is used only if a read, of
/// this or another record, failed recently and none has succeeded since. The [Limit] of the
/// record's kind says how long it is used then.
///
/// A record's age counts from its read in PostgreSQL, wherever it was cached on the way. A record
/// that another broker put into Redis twenty seconds ago is twenty seconds old here too, so the
/// freshness bounds the whole chain. The age on arrival comes from the wall clock. After that the
/// ticker counts, so that a jump of the clock has no effect.
final class LastKnown<K, V extends Dated> {
  /// ACTIVE KEKs and KEKs to unwrap with share the limit of the setting.
  private static final int KINDS = 2;

  /// Without calls there are no reads, so an older failure says nothing about the stores now.
  private static final long FAILURE_COUNTS_FOR = Duration.ofSeconds(30).toNanos();

  private final Function<K, Uni<V>> next;
  private final Recovery<V> recovery;
  private final ToIntFunction<V> size;
  private final KekCacheConfig config;
  private final Ticker ticker;
  private final Clock clock;
  private final Cache<K, Held<V>> records;
  private final SingleFlight<K, V> reads = new SingleFlight<>();
  private final Counter hits;
  private final Counter misses;
  private final Counter lastKnown;
  private final Counter tooOld;
  private final Limit limit;

  /// Ticker time at which a read of any record failed because the stores did not answer; null after
  /// a later read succeeded.
  private volatile @Nullable Long failedAt;

  /// How long a record is used while the stores do not answer.
  ///
  /// @param maxAge counted from the read in PostgreSQL
  /// @param endlessOnceFresh whether the limit applies only to records that this broker never saw
  ///     fresh, such as an old entry of Redis; all others are then used until the stores answer
  ///     again
  record Limit(Duration maxAge, boolean endlessOnceFresh) {}

  /// Restores a record that memory holds and that a read finds missing in PostgreSQL.
  interface Recovery<V> {
    /// Returns the read, with a restoration if it is needed.
    ///
    /// @param held the record in memory
    Uni<V> notLost(Uni<V> read, @Nullable V held);
  }

  /// @param freshUntil ticker time from which the stores are read before the record is used
  /// @param refreshFrom ticker time from which they are read in the background while the record is
  ///     used
  /// @param size in bytes
  /// @param usableUntil ticker time from which the record is not used at all, unless it has no
  ///     limit
  private record Held<V>(
      V value, int size, long freshUntil, long refreshFrom, long usableUntil, boolean endless) {
    /// Whether the record is fresh and needs no refresh yet. After a failure of the stores, the
    /// refresh may be later than the end of the freshness.
    boolean isFresh(long now) {
      return now - refreshFrom < 0 && now - freshUntil < 0;
    }

    boolean isUsable(long now) {
      return endless || now - usableUntil < 0;
    }

    Held<V> refreshedFrom(long time) {
      return new Held<>(value, size, freshUntil, time, usableUntil, endless);
    }

    Held<V> staleFrom(long now) {
      return new Held<>(
          value, size, now - freshUntil < 0 ? now : freshUntil, now, usableUntil, endless);
    }
  }

  LastKnown(
      String record,
      Function<K, Uni<V>> next,
      Recovery<V> recovery,
      ToIntFunction<V> size,
      Limit limit,
      KekCacheConfig config,
      Ticker ticker,
      Clock clock,
      MeterRegistry registry) {
    this.next = next;
    this.recovery = recovery;
    this.size = size;
    this.limit = limit;
    this.config = config;
    this.ticker = ticker;
    this.clock = clock;
    this.records =
        Caffeine.newBuilder()
            .maximumWeight(config.maxRecordBytes() / KINDS)
            .<K, Held<V>>weigher((key, held) -> held.size)
            .executor(Runnable::run)
            .build();
    this.hits = counter(registry, record, "hit");
    this.misses = counter(registry, record, "miss");
    this.lastKnown = counter(registry, record, "last_known");
    this.tooOld = counter(registry, record, "too_old");
  }

  private static Counter counter(MeterRegistry registry, String record, String result) {
    return registry.counter(
        Metrics.KEK_READS, Metrics.RECORD, record, Metrics.TIER, "memory", Metrics.RESULT, result);
  }

  Uni<V> get(K key) {
    Held<V> held = records.getIfPresent(key);
    if (held == null) {
      misses.increment();
      return Uni.createFrom().completionStage(() -> read(key));
    }
    long now = ticker.read();
    CompletionStage<V> read = now - held.refreshFrom >= 0 ? read(key) : null;
    if (now - held.freshUntil < 0) {
      hits.increment();
      return Uni.createFrom().item(held.value);
    }
    // If no read was started, the stores failed less than a retry interval ago.
    return read == null ? useLastKnown(held) : newest(read, held, now);
  }

  /// Returns the record if memory holds a fresh one that needs no refresh yet; null if
  /// [#get(Object)] is needed.
  @Nullable V fresh(K key) {
    Held<V> held = records.getIfPresent(key);
    if (held == null || !held.isFresh(ticker.read())) {
      return null;
    }
    hits.increment();
    return held.value;
  }

  private Uni<V> newest(CompletionStage<V> read, Held<V> known, long now) {
    Uni<V> newest = Uni.createFrom().completionStage(read);
    if (now - known.freshUntil < config.staleAge().toNanos() || failedLately(now)) {
      Duration wait = config.staleWait();
      newest = newest.ifNoItem().after(wait.isPositive() ? wait : Duration.ofMillis(1)).fail();
    }
    return newest.onFailure(LastKnown::isOutage).recoverWithUni(() -> useLastKnown(known));
  }

  private Uni<V> useLastKnown(Held<V> known) {
    if (!known.isUsable(ticker.read())) {
      tooOld.increment();
      return Uni.createFrom().failure(new KekFailure.StoreUnavailable());
    }
    lastKnown.increment();
    return Uni.createFrom().item(known.value);
  }

  private boolean failedLately(long now) {
    Long failed = failedAt;
    return failed != null && now - failed < FAILURE_COUNTS_FOR;
  }

  private static boolean isOutage(Throwable failure) {
    return failure instanceof KekFailure.StoreUnavailable
        || failure instanceof io.smallrye.mutiny.TimeoutException;
  }

  /// Reads a record in memory again, bypassing every cache, because it was changed. If the read
  /// fails, the record is no longer fresh.
  Uni<Void> changed(K key, Function<K, Uni<V>> source) {
    Held<V> held = records.getIfPresent(key);
    if (held == null) {
      return Uni.createFrom().voidItem();
    }
    return Uni.createFrom()
        .deferred(
            () -> {
              Instant started = clock.instant();
              return recovery
                  .notLost(source.apply(key), held.value)
                  .invoke(value -> keep(key, value, started));
            })
        .onFailure()
        .invoke(failure -> failed(key, failure, (known, now) -> known.staleFrom(now)))
        .onFailure()
        .recoverWithNull()
        .replaceWithVoid();
  }

  /// Like [#changed(Object, Function)], for every record in memory that a change affects.
  Uni<Void> changed(Predicate<V> touched, Function<K, Uni<V>> source) {
    return Multi.createFrom()
        .iterable(records.asMap().entrySet())
        .filter(entry -> touched.test(entry.getValue().value))
        .onItem()
        .transformToUniAndConcatenate(entry -> changed(entry.getKey(), source))
        .collect()
        .last();
  }

  /// Reads a key. Concurrent callers share one read.
  private CompletionStage<V> read(K key) {
    return reads.join(
        key,
        () -> {
          Instant started = clock.instant();
          return Uni.createFrom()
              .deferred(() -> recovery.notLost(next.apply(key), held(key)))
              .map(value -> keep(key, value, started))
              .onFailure()
              .invoke(
                  failure ->
                      failed(key, failure, (held, now) -> held.refreshedFrom(retryFrom(now))));
        });
  }

  /// Returns the record in memory, whatever its age; null if there is none.
  private @Nullable V held(K key) {
    Held<V> held = records.getIfPresent(key);
    return held == null ? null : held.value;
  }

  private V keep(K key, V value, Instant started) {
    Duration age = Duration.between(value.readTime(), clock.instant());
    long now = ticker.read();
    boolean fromOutage = isFromOutage(value, age, started);
    failedAt = fromOutage ? Long.valueOf(now) : null;
    Held<V> kept =
        records
            .asMap()
            .compute(
                key,
                (k, held) -> {
                  if (held != null && isNewer(held.value, value)) {
                    return fromOutage ? held.refreshedFrom(retryFrom(now)) : held;
                  }
                  return held(value, age, now, fromOutage, held != null && held.endless);
                });
    return kept.value;
  }

  /// Whether the stores returned an old record, which the next tier does only if PostgreSQL does
  /// not answer. Even in a slow read, a current record was read after the start of the read.
  private boolean isFromOutage(V value, Duration age, Instant started) {
    return age.compareTo(config.freshness().plus(config.staleAge())) > 0
        && value.readTime().isBefore(started);
  }

  /// Whether the record in memory was read later. A read time in the future is ignored: the clock
  /// was set back since then, or it is another broker's clock.
  private boolean isNewer(V inMemory, V read) {
    return inMemory.readTime().isAfter(read.readTime())
        && !inMemory.readTime().isAfter(clock.instant());
  }

  /// @param wasEndless whether it replaces an older record that is used without limit; then the new
  ///     one has no limit either
  private Held<V> held(V value, Duration age, long now, boolean fromOutage, boolean wasEndless) {
    // A read time in the future comes from another broker's clock: the age is unknown, so the
    // record is not fresh.
    boolean ofTheFuture = age.isNegative();
    long left = ofTheFuture ? 0 : config.freshness().minus(age).toNanos();
    long refreshFrom = fromOutage ? retryFrom(now) : now + Math.max(0, left - left / 5);
    long usable = ofTheFuture ? limit.maxAge.toNanos() : limit.maxAge.minus(age).toNanos();
    boolean endless = limit.endlessOnceFresh && (wasEndless || (!ofTheFuture && !fromOutage));
    return new Held<>(
        value, size.applyAsInt(value), now + left, refreshFrom, now + usable, endless);
  }

  private long retryFrom(long now) {
    return now + config.retry().toNanos();
  }

  private interface OnOutage<V> {
    Held<V> held(Held<V> held, long now);
  }

  /// @param onOutage what to do with the record in memory if the stores do not answer
  private void failed(K key, Throwable failure, OnOutage<V> onOutage) {
    long now = ticker.read();
    if (isOutage(failure)) {
      failedAt = now;
      records.asMap().computeIfPresent(key, (k, held) -> onOutage.held(held, now));
      return;
    }
    failedAt = null;
    if (failure instanceof KekFailure.UnknownKek) {
      // KEKs are never deleted from PostgreSQL. The record in memory may be the last copy, even if
      // it is not enough to restore the row.
      records.asMap().computeIfPresent(key, (k, held) -> held.staleFrom(now));
    } else {
      records.invalidate(key);
    }
  }
}
