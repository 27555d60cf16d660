package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.concurrent.SingleFlight;
import dev.keybroker.kek.ChangeFeed.Position;
import dev.keybroker.kek.ChangeFeed.Reading;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.Collection;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Reads the feed of changes, and so confirms all records in memory by one query.
///
/// A reader that was away longer than the feed keeps changes starts anew: it confirms nothing that
/// memory holds by then. So does one whose database is another or has lost rows. Thread-safe.
public final class ChangeReader {
  /// Changes are kept at least this long after their commit.
  public static final Duration KEPT = Duration.ofMinutes(30);

  /// Much shorter than what is kept, because brokers' clocks may run at different speeds.
  static final Duration LONGEST_ABSENCE = KEPT.dividedBy(3);

  private final ChangeFeed feed;
  private final MemoryKekTier records;
  private final Consumer<Collection<KekChange>> listener;
  private final Ticker ticker;
  private final SingleFlight<ChangeFeed, Void> reads = new SingleFlight<>();
  private volatile @Nullable Seen seen;
  private volatile @Nullable Seen kept;

  /// @param start ticker time of the start of the read
  private record Seen(Position position, long start) {}

  /// @param listener called with changes once the records that they affect are read again
  public ChangeReader(
      ChangeFeed feed,
      MemoryKekTier records,
      Consumer<Collection<KekChange>> listener,
      Ticker ticker,
      MeterRegistry registry) {
    this.feed = feed;
    this.records = records;
    this.listener = listener;
    this.ticker = ticker;
    Gauge.builder(Metrics.KEK_FEED_AGE, this, ChangeReader::ageSeconds)
        .strongReference(true)
        .register(registry);
  }

  private double ageSeconds() {
    Seen last = seen;
    return last == null ? Double.NaN : (ticker.read() - last.start) / 1e9;
  }

  /// Reads what is new, or waits for a read that is running. Never fails: without an answer, the
  /// records in memory are not confirmed and grow older.
  public Uni<Void> read() {
    return Uni.createFrom().completionStage(() -> reads.join(feed, this::readNow));
  }

  private Uni<Void> readNow() {
    Seen last = seen;
    long start = ticker.read();
    return feed.readFrom(last == null ? null : last.position)
        .invoke(answer -> apply(answer, last, start))
        .replaceWithVoid()
        .onFailure(KekFailure.StoreUnavailable.class)
        .recoverWithNull();
  }

  private void apply(Reading answer, @Nullable Seen last, long start) {
    Position position = answer.position();
    seen = new Seen(position, start);
    if (last == null
        || !last.position.epoch().equals(position.epoch())
        || ticker.read() - last.start > LONGEST_ABSENCE.toNanos()) {
      records.restart(start);
      return;
    }
    Collection<KekChange> changes = answer.changes();
    Uni<Void> applied = records.confirm(start, changes);
    if (!changes.isEmpty()) {
      applied.subscribe().with(done -> listener.accept(changes));
    }
  }

  /// Deletes changes that were committed longer ago than they are kept: all that the read saw that
  /// this broker noted then. Never fails.
  public Uni<Void> prune() {
    return Uni.createFrom()
        .deferred(
            () -> {
              Seen now = seen;
              Seen before = kept;
              if (before == null) {
                kept = now;
              } else if (now != null && ticker.read() - before.start >= KEPT.toNanos()) {
                kept = now;
                return feed.prune(before.position);
              }
              return Uni.createFrom().voidItem();
            })
        .onFailure(KekFailure.StoreUnavailable.class)
        .recoverWithNull();
  }
}
