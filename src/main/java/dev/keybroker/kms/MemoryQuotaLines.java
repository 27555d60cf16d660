package dev.keybroker.kms;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/// Quota lines of one process. Bounded: the least used are dropped first and are free when they
/// return.
public final class MemoryQuotaLines implements QuotaLines {
  private static final int MAX = 100_000;

  private final Ticker ticker;
  private final Cache<String, AtomicLong> freeTimes =
      Caffeine.newBuilder().maximumSize(MAX).executor(Runnable::run).build();

  public MemoryQuotaLines(Ticker ticker) {
    this.ticker = ticker;
  }

  @Override
  public Uni<Duration> take(QuotaLine line) {
    return Uni.createFrom().item(() -> takeNow(line));
  }

  private Duration takeNow(QuotaLine line) {
    AtomicLong freeTime = freeTimes.get(line.name(), it -> new AtomicLong(ticker.read()));
    while (true) {
      long now = ticker.read();
      long free = freeTime.get();
      long wait = free - line.burst().toNanos() - now;
      if (wait > 0) {
        return Duration.ofNanos(wait);
      }
      long next = (free - now > 0 ? free : now) + line.interval().toNanos();
      if (freeTime.compareAndSet(free, next)) {
        return Duration.ZERO;
      }
    }
  }
}
