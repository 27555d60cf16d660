package dev.keybroker.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.io.ByteArrayOutputStream;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Delivers the committed records to a stream, each at least once and those of a chain in order.
///
/// Every broker delivers, but a chain has one deliverer at a time. A put holds consecutive records
/// of one chain, as many as fit. The cursor moves after the stream has confirmed the put, so a
/// broker that ends in between leaves records that the next one repeats. A consumer recognises a
/// repeated record by its sequence number: it is not above the highest one of its chain so far.
public final class AuditDelivery {
  /// The most bytes of a put with more than one record. Half of what Kinesis takes.
  public static final int LONGEST_PUT = 512 * 1024;

  private static final Logger LOG = Logger.getLogger(AuditDelivery.class);

  /// The most chains that one broker delivers at the same time.
  private static final int CHAINS = 8;

  private static final int RECORDS = 500;

  /// Longer than a read, a put and a move of the cursor together may take.
  private static final Duration LEASE = Duration.ofSeconds(60);

  private static final Duration STORE_TIMEOUT = Duration.ofSeconds(10);
  private static final Duration COUNT_EVERY = Duration.ofSeconds(1);
  private static final Duration FIRST_BACKOFF = Duration.ofSeconds(1);
  private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(30);

  private final DeliveryStore store;
  private final RecordStream stream;
  private final UUID broker;
  private final Executor executor;
  private final Clock clock;
  private final Ticker ticker;
  private final MeterRegistry registry;
  private final Counter delivered;

  /// The time of the first record of each claimed chain that is not delivered.
  private final Map<UUID, Instant> oldest = new ConcurrentHashMap<>();

  private volatile long backlog;
  private volatile @Nullable DeliveryFailure failure;
  private volatile boolean stopped;

  // Used only by a run; runs do not overlap.
  private Duration backoff = Duration.ZERO;
  private long notBefore;
  private long counted;

  /// What became of the records of one chain.
  private record Result(boolean hasDelivered, @Nullable DeliveryFailure failure) {}

  /// @param broker identifies this run of the broker
  /// @param executor runs the formatting of records
  public AuditDelivery(
      DeliveryStore store,
      RecordStream stream,
      UUID broker,
      Executor executor,
      Clock clock,
      Ticker ticker,
      MeterRegistry registry) {
    this.store = store;
    this.stream = stream;
    this.broker = broker;
    this.executor = executor;
    this.clock = clock;
    this.ticker = ticker;
    this.registry = registry;
    this.notBefore = ticker.read();
    this.delivered = registry.counter(Metrics.AUDIT_DELIVERED);
    gauge(Metrics.AUDIT_DELIVERY_BACKLOG, () -> backlog);
    gauge(Metrics.AUDIT_DELIVERY_AGE, this::age);
  }

  private void gauge(String name, Supplier<Number> value) {
    Gauge.builder(name, value).strongReference(true).register(registry);
  }

  private double age() {
    return oldest.values().stream()
        .min(Instant::compareTo)
        .map(time -> Duration.between(time, clock.instant()).toMillis() / 1e3)
        .filter(age -> age > 0)
        .orElse(0.0);
  }

  /// Whether there is a stream to deliver to.
  public boolean isOn() {
    return stream != RecordStream.NONE;
  }

  /// Why the last attempt failed; empty if it did not.
  public Optional<DeliveryFailure> failure() {
    return Optional.ofNullable(failure);
  }

  /// The number of committed records that are not delivered, as last counted.
  public long backlog() {
    return backlog;
  }

  /// Delivers what is committed by now. Never fails: after a failure, runs do nothing for a while
  /// and then try again. Runs must not overlap.
  public Uni<Void> run() {
    return Uni.createFrom()
        .deferred(
            () ->
                !isOn() || stopped || ticker.read() - notBefore < 0
                    ? Uni.createFrom().voidItem()
                    : Multi.createBy()
                        .repeating()
                        .uni(this::round)
                        .whilst(mayContinue -> mayContinue && !stopped)
                        .collect()
                        .last()
                        .replaceWithVoid());
  }

  /// One put for each chain that this broker can claim.
  ///
  /// @return whether another round can deliver more now
  private Uni<Boolean> round() {
    return inTime(store.claim(broker, CHAINS, LEASE))
        .invoke(
            cursors ->
                oldest.keySet().retainAll(cursors.stream().map(DeliveryCursor::chain).toList()))
        .onItem()
        .transformToMulti(Multi.createFrom()::iterable)
        .onItem()
        .transformToUni(this::deliver)
        .merge(CHAINS)
        .collect()
        .asList()
        .onFailure()
        .recoverWithItem(trouble -> List.of(new Result(false, failure(trouble))))
        .chain(this::settle)
        .call(this::count);
  }

  private Uni<Result> deliver(DeliveryCursor cursor) {
    return inTime(store.next(cursor, RECORDS))
        .emitOn(executor)
        .chain(records -> deliver(cursor, records))
        .onFailure()
        .recoverWithItem(trouble -> new Result(false, failure(trouble)));
  }

  private Uni<Result> deliver(DeliveryCursor cursor, List<ChainedRecord> records) {
    if (records.isEmpty()) {
      warnOfMissing(cursor, cursor.head());
      return advance(cursor, cursor.head(), cursor.time());
    }
    ChainedRecord first = records.getFirst();
    oldest.put(cursor.chain(), first.event().time());
    if (first.sequence() > cursor.sequence() + 1) {
      warnOfMissing(cursor, first.sequence() - 1);
    }
    ByteArrayOutputStream lines = new ByteArrayOutputStream();
    int count = 0;
    for (ChainedRecord record : records) {
      byte[] line = (AuditJson.record(record) + "\n").getBytes(UTF_8);
      if (count > 0 && lines.size() + line.length > LONGEST_PUT) {
        break;
      }
      lines.writeBytes(line);
      count++;
    }
    int taken = count;
    ChainedRecord last = records.get(taken - 1);
    return put(cursor.chain(), lines.toByteArray())
        .invoke(() -> delivered.increment(taken))
        .chain(() -> advance(cursor, last.sequence(), last.event().time()));
  }

  private Uni<Void> put(UUID chain, byte[] lines) {
    return Uni.createFrom()
        .deferred(
            () -> {
              long start = ticker.read();
              return stream
                  .put(chain, lines)
                  .onItemOrFailure()
                  .invoke(
                      (done, trouble) ->
                          registry
                              .timer(
                                  Metrics.AUDIT_DELIVERY_PUTS,
                                  Metrics.OUTCOME,
                                  trouble == null ? "ok" : failure(trouble).reason().tag())
                              .record(ticker.read() - start, TimeUnit.NANOSECONDS));
            });
  }

  private Uni<Result> advance(DeliveryCursor from, long sequence, Instant time) {
    return inTime(store.advance(broker, from, sequence, time, LEASE))
        .map(
            isMine -> {
              oldest.remove(from.chain());
              return new Result(isMine, null);
            });
  }

  private static void warnOfMissing(DeliveryCursor cursor, long last) {
    LOG.warnf(
        "records %d to %d of the audit chain %s were never delivered and are no longer in"
            + " PostgreSQL. If they are from before the delivery was set up, the retention has"
            + " dropped them; otherwise verify the chain",
        cursor.sequence() + 1, last, cursor.chain());
  }

  /// Decides how to continue. One chain that fails does not slow down the others.
  private Uni<Boolean> settle(List<Result> results) {
    boolean hasDelivered = results.stream().anyMatch(Result::hasDelivered);
    DeliveryFailure failed =
        results.stream().map(Result::failure).filter(it -> it != null).findFirst().orElse(null);
    report(failed);
    if (failed == null) {
      backoff = Duration.ZERO;
      return Uni.createFrom().item(hasDelivered);
    }
    if (!hasDelivered) {
      Duration longer = backoff.isZero() ? FIRST_BACKOFF : backoff.multipliedBy(2);
      backoff = longer.compareTo(LONGEST_BACKOFF) > 0 ? LONGEST_BACKOFF : longer;
      notBefore = ticker.read() + backoff.toNanos();
    }
    // Another broker may have a way to the stream.
    return release().replaceWith(false);
  }

  private void report(@Nullable DeliveryFailure failed) {
    DeliveryFailure before = failure;
    failure = failed;
    if (failed != null && (before == null || before.reason() != failed.reason())) {
      LOG.warnf(
          "audit records are not delivered; they wait in PostgreSQL: %s. %s",
          failed.getMessage(), failed.hint());
    } else if (failed == null && before != null) {
      LOG.info("audit records are delivered again");
    }
  }

  private static DeliveryFailure failure(Throwable trouble) {
    return trouble instanceof DeliveryFailure known
        ? known
        : new DeliveryFailure(
            DeliveryFailure.Cause.STORE,
            trouble.toString(),
            "Check PostgreSQL. If it works, verify the audit trail.");
  }

  /// Counts now and then during a run, and at its end.
  private Uni<Void> count(boolean mayContinue) {
    long now = ticker.read();
    if (mayContinue && now - counted < COUNT_EVERY.toNanos()) {
      return Uni.createFrom().voidItem();
    }
    counted = now;
    return inTime(store.backlog())
        .invoke(count -> backlog = count)
        .onFailure()
        .recoverWithNull()
        .replaceWithVoid();
  }

  private Uni<Void> release() {
    return inTime(store.release(broker)).onFailure().recoverWithNull();
  }

  private static <T> Uni<T> inTime(Uni<T> answer) {
    return answer.ifNoItem().after(STORE_TIMEOUT).fail();
  }

  /// Ends the deliveries of this broker, so that another one takes over at once. Never fails.
  public Uni<Void> stop() {
    stopped = true;
    return isOn() ? release() : Uni.createFrom().voidItem();
  }
}
