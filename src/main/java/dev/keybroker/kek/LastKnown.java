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
/// A record that this process read in PostgreSQL itself is *covered* by the feed of changes: each
/// read of the feed that shows no change of it confirms it, together with all others. While the
/// feed cannot be read, all records age together from its last read on.
///
/// Slow stores count as stores that answer: beyond `stale-age` a record is used only if a read, of
/// this or another record, failed recently and none has succeeded since. The [Limit] of the
/// record's kind says how long it is used then.
///
/// A record's age counts from the start of its read in PostgreSQL, or of the last read of the feed
/// that confirmed it, by the ticker. A record that another broker put into Redis twenty seconds ago
/// is twenty seconds old here too: on arrival the wall clock tells its age. It is never covered,
/// because whoever restores an old entry could otherwise hide a change for ever.
final class LastKnown<K, V extends Dated> {
  /// ACTIVE KEKs and KEKs to unwrap with share the limit of the setting.
  private static final int KINDS = 2;

  /// Without calls there are no reads, so an older failure says nothing about the stores now.
  private static final long FAILURE_COUNTS_FOR = Duration.ofSeconds(30).toNanos();

  /// A covered record is read again after this share of its limit, so that its copy in Redis, whose
  /// age the feed does not renew, does not get old.
  private static final int RENEWALS = 8;

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
  private final long freshness;

  /// Counts the reads of the feed that showed changes, or that may have missed some; 0 before its
  /// first read. A read of a record that starts at the present count shows all of these changes.
  private volatile long shown;

  /// Ticker time of the start of the feed's last read. Covered records are as new as this.
  private volatile long confirmed;

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

  /// @param size in bytes
  /// @param asOf ticker time of the start of its read in PostgreSQL
  /// @param freshUntil ticker time from which the stores are read before the record is used, unless
  ///     the feed confirms it
  /// @param refreshFrom ticker time from which they are read in the background while the record is
  ///     used
  /// @param notBefore ticker time before which they are not read again, since they just failed
  /// @param endless whether the record is used without limit while the stores do not answer
  private record Held<V>(
      V value,
      int size,
      long asOf,
      long freshUntil,
      long refreshFrom,
      long notBefore,
      boolean covered,
      boolean endless) {
    Held<V> notBefore(long time) {
      return new Held<>(value, size, asOf, freshUntil, refreshFrom, time, covered, endless);
    }

    Held<V> refreshedFrom(long time) {
      return new Held<>(value, size, asOf, freshUntil, time, notBefore, covered, endless);
    }

    Held<V> staleFrom(long now) {
      long until = now - freshUntil < 0 ? now : freshUntil;
      return new Held<>(value, size, asOf, until, now, now, false, endless);
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
    this.freshness = config.freshness().toNanos();
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
    CompletionStage<V> read = isDue(held, now) ? read(key) : null;
    if (now - freshUntil(held) < 0) {
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
    if (held == null) {
      return null;
    }
    long now = ticker.read();
    // After a failure of the stores, the next refresh may be later than the end of the freshness.
    if (isDue(held, now) || now - freshUntil(held) >= 0) {
      return null;
    }
    hits.increment();
    return held.value;
  }

  /// Returns how long ago, in nanoseconds, this record was last known to be that of PostgreSQL;
  /// [Long#MAX_VALUE] if memory holds another one.
  long age(K key, V value) {
    Held<V> held = records.getIfPresent(key);
    return held == null || held.value != value
        ? Long.MAX_VALUE
        : Math.max(0, ticker.read() - asOf(held));
  }

  private long asOf(Held<V> held) {
    long at = confirmed;
    return held.covered && at - held.asOf > 0 ? at : held.asOf;
  }

  private long freshUntil(Held<V> held) {
    return held.covered ? asOf(held) + freshness : held.freshUntil;
  }

  /// Whether a use of the record starts a read: it was not confirmed for most of its freshness.
  private boolean isDue(Held<V> held, long now) {
    if (now - held.notBefore < 0) {
      return false;
    }
    return now - held.refreshFrom >= 0
        || (held.covered && now - freshUntil(held) + freshness / 5 >= 0);
  }

  private boolean isUsable(Held<V> held, long now) {
    return held.endless || now - asOf(held) < limit.maxAge.toNanos();
  }

  private Uni<V> newest(CompletionStage<V> read, Held<V> known, long now) {
    Uni<V> newest = Uni.createFrom().completionStage(read);
    if (now - freshUntil(known) < config.staleAge().toNanos() || failedLately(now)) {
      Duration wait = config.staleWait();
      newest = newest.ifNoItem().after(wait.isPositive() ? wait : Duration.ofMillis(1)).fail();
    }
    return newest.onFailure(LastKnown::isOutage).recoverWithUni(() -> useLastKnown(known));
  }

  private Uni<V> useLastKnown(Held<V> known) {
    if (!isUsable(known, ticker.read())) {
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
              Start start = start();
              return recovery
                  .notLost(source.apply(key), held.value)
                  .invoke(value -> keep(key, value, start, false));
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
        .transformToUniAndMerge(entry -> changed(entry.getKey(), source))
        .collect()
        .last();
  }

  /// Notes a read of the feed: all covered records are as new as its start, except those that it
  /// shows to be changed. These are no longer covered, and must be read again.
  ///
  /// @param start ticker time of the start of the feed's read
  /// @param any whether the feed shows any change at all
  /// @param keys of the records that are changed
  /// @param touched further records that are changed; null if there are none
  @SuppressWarnings("NonAtomicVolatileUpdate") // written under the lock only
  synchronized void confirm(
      long start, boolean any, Iterable<K> keys, @Nullable Predicate<V> touched) {
    if (any) {
      shown++;
    }
    for (K key : keys) {
      records.asMap().computeIfPresent(key, (k, held) -> uncovered(held));
    }
    if (touched != null) {
      records.asMap().replaceAll((key, held) -> touched.test(held.value) ? uncovered(held) : held);
    }
    confirmed = start;
  }

  /// Notes that the feed may have missed changes until now: no record is covered any more.
  ///
  /// @param start ticker time of the start of the feed's read
  @SuppressWarnings("NonAtomicVolatileUpdate") // written under the lock only
  synchronized void restart(long start) {
    long now = ticker.read();
    shown++;
    records.asMap().replaceAll((key, held) -> uncovered(held).refreshedFrom(now));
    confirmed = start;
  }

  private Held<V> uncovered(Held<V> held) {
    return new Held<>(
        held.value,
        held.size,
        asOf(held),
        freshUntil(held),
        held.refreshFrom,
        held.notBefore,
        false,
        held.endless);
  }

  /// Reads a key. Concurrent callers share one read.
  private CompletionStage<V> read(K key) {
    return reads.join(
        key,
        () -> {
          Start start = start();
          return Uni.createFrom()
              .deferred(() -> recovery.notLost(next.apply(key), held(key)))
              .map(value -> keep(key, value, start, true))
              .onFailure()
              .invoke(
                  failure -> failed(key, failure, (held, now) -> held.notBefore(retryFrom(now))));
        });
  }

  /// Returns the record in memory, whatever its age; null if there is none.
  private @Nullable V held(K key) {
    Held<V> held = records.getIfPresent(key);
    return held == null ? null : held.value;
  }

  /// When a read started.
  ///
  /// @param shown the count of reads of the feed
  private record Start(Instant time, long tick, long shown) {}

  private Start start() {
    return new Start(clock.instant(), ticker.read(), shown);
  }

  /// @param copied whether the read went through Redis, which then has a copy
  private synchronized V keep(K key, V value, Start start, boolean copied) {
    Duration age = Duration.between(value.readTime(), clock.instant());
    long now = ticker.read();
    boolean readBefore = value.readTime().isBefore(start.time);
    // The stores return an old record only if PostgreSQL does not answer. Even in a slow read, a
    // current record was read after the start of the read.
    boolean fromOutage =
        readBefore && age.compareTo(config.freshness().plus(config.staleAge())) > 0;
    failedAt = fromOutage ? Long.valueOf(now) : null;
    // A read time in the future comes from another broker's clock: the age is unknown, so the
    // record is not fresh.
    boolean ofTheFuture = age.isNegative();
    boolean own = !readBefore && !ofTheFuture && !value.cached();
    boolean covered = own && shown > 0 && start.shown == shown;
    long asOf = own ? start.tick : now - (ofTheFuture ? freshness : age.toNanos());
    // The feed has shown a change since the read started, perhaps of this record.
    boolean overtaken = own && start.shown != shown;
    long left = overtaken ? 0 : Math.max(0, asOf + freshness - now);
    long refreshFrom =
        covered && copied ? asOf + limit.maxAge.toNanos() / RENEWALS : now + left - left / 5;
    Held<V> kept =
        records
            .asMap()
            .compute(
                key,
                (k, held) -> {
                  if (held != null && asOf(held) - asOf > 0) {
                    return fromOutage
                        ? held.notBefore(retryFrom(now))
                        : held.refreshedFrom(refreshFrom);
                  }
                  return new Held<>(
                      value,
                      size.applyAsInt(value),
                      asOf,
                      asOf + freshness,
                      refreshFrom,
                      fromOutage ? retryFrom(now) : now,
                      covered,
                      limit.endlessOnceFresh
                          && ((held != null && held.endless) || !(ofTheFuture || fromOutage)));
                });
    return kept.value;
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
