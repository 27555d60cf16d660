package dev.keybroker.access;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.github.bucket4j.Bucket;
import io.github.bucket4j.TimeMeter;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Token buckets, one for each caller or for each tenant. Bounded: the least used are evicted
/// first, and are full if they come back. Thread-safe.
final class TokenBuckets<K> {
  static final int MAX = 100_000;

  private final @Nullable Cache<K, Bucket> buckets;
  private final long perSecond;
  private final long capacity;
  private final TimeMeter time;

  /// @param perSecond 0 for no limit
  TokenBuckets(int perSecond, Duration burst, Ticker ticker) {
    this.perSecond = perSecond;
    this.capacity = Math.max(1, perSecond * burst.toMillis() / 1_000);
    this.buckets =
        perSecond == 0
            ? null
            : Caffeine.newBuilder().maximumSize(MAX).executor(Runnable::run).build();
    this.time = new TickerTime(ticker);
  }

  private record TickerTime(Ticker ticker) implements TimeMeter {
    @Override
    public long currentTimeNanos() {
      return ticker.read();
    }

    @Override
    public boolean isWallClockBased() {
      return false;
    }
  }

  /// Takes one token.
  ///
  /// @return 0 if a token was taken; otherwise the nanoseconds until there is one
  long take(K key) {
    if (buckets == null) {
      return 0;
    }
    Bucket bucket = buckets.get(key, this::full);
    return bucket.tryConsume(1)
        ? 0
        : Math.max(1, bucket.estimateAbilityToConsume(1).getNanosToWaitForRefill());
  }

  /// Gives a token back.
  void giveBack(K key) {
    if (buckets != null) {
      buckets.get(key, this::full).addTokens(1);
    }
  }

  private Bucket full(K key) {
    return Bucket.builder()
        .addLimit(limit -> limit.capacity(capacity).refillGreedy(perSecond, Duration.ofSeconds(1)))
        .withCustomTimePrecision(time)
        .build();
  }
}
