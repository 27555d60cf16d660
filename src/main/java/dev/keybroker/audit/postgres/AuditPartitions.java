package dev.keybroker.audit.postgres;

import dev.keybroker.audit.AuditConfig;
import dev.keybroker.audit.AuditTrail;
import dev.keybroker.audit.DeliveryConfig;
import dev.keybroker.audit.DropSeal;
import dev.keybroker.postgres.DatabaseTime;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/// Manages the partitions of `audit_record`: one for each day, in UTC, created in advance and
/// dropped as a whole after the retention.
///
/// One broker at a time does this work; the others find it done. Records of a day without a
/// partition go to the default partition, and move when their partition is created. For the last of
/// them, appends are blocked, so that none arrives between the move and the attachment, and so are
/// reads, which would miss the records if they looked for them before the move and read after it.
/// No step waits long for a lock, because appends would wait behind it. Each day is a separate
/// step. A step that fails is repeated the next time and does not stop the other days.
@Singleton
public class AuditPartitions {
  private static final Logger LOG = Logger.getLogger(AuditPartitions.class);

  /// The number of future days that have a partition.
  private static final int AHEAD = 7;

  private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("uuuuMMdd");

  /// `keybroker` in ASCII, truncated to a number.
  private static final String LOCK =
      """
      select set_config('lock_timeout', '200ms', true),
        set_config('idle_in_transaction_session_timeout', '10s', true),
        pg_try_advisory_xact_lock(7739271)
      """;

  /// These functions run with their owner's rights, so the broker's role does not need to own the
  /// tables.
  private static final String MAKE = "select audit_make_day($1)";

  private static final String DROP = "select audit_drop_day($1)";

  private static final String PAST_DAYS =
      """
      select distinct to_char(time at time zone 'UTC', 'YYYYMMDD') from audit_record_default
      where time < $1 order by 1
      """;

  private static final String DAYS =
      """
      select right(c.relname, 8) from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'audit_record'::regclass and c.relname ~ '^audit_record_[0-9]{8}$'
      order by 1
      """;

  private final Pool pool;
  private final Optional<Duration> retention;
  private final boolean delivers;
  private final Consumer<LocalDate> dropped;
  private final AgreedTime agreedTime;
  private final DropSeal seal;
  private final Clock clock;

  /// Returns the database's time, by which days are dropped. Fails if this broker's clock differs
  /// from it.
  interface AgreedTime {
    Future<Instant> now();
  }

  @Inject
  AuditPartitions(
      Pool pool,
      AuditConfig config,
      DeliveryConfig delivery,
      AuditTrail trail,
      DatabaseTime time,
      DropSeal seal,
      Clock clock) {
    this(
        pool,
        config.retention(),
        delivery.streamArn().isPresent(),
        trail::dropped,
        () -> time.agreedNow(pool),
        seal,
        clock);
  }

  /// @param delivers whether a day with records that were not delivered is kept
  /// @param dropped called for each day whose drop is committed
  AuditPartitions(
      Pool pool,
      Optional<Duration> retention,
      boolean delivers,
      Consumer<LocalDate> dropped,
      AgreedTime agreedTime,
      DropSeal seal,
      Clock clock) {
    this.pool = pool;
    this.retention = retention;
    this.delivers = delivers;
    this.dropped = dropped;
    this.agreedTime = agreedTime;
    this.seal = seal;
    this.clock = clock;
  }

  /// Creates the partitions of coming days and of past days with records in the default partition,
  /// and drops those that are too old. Does as much as possible, then fails if a step failed. Safe
  /// to repeat.
  public Uni<Void> run() {
    return Uni.createFrom().completionStage(() -> runNow().toCompletionStage()).replaceWithVoid();
  }

  private Future<Void> runNow() {
    LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    List<Throwable> failures = new ArrayList<>();
    return step(
            failures,
            () -> makeAll(failures, today.datesUntil(today.plusDays(AHEAD + 1L)).toList()))
        .compose(
            ok -> step(failures, () -> pastDays(today).compose(past -> makeAll(failures, past))))
        .compose(ok -> step(failures, () -> dropOld(failures)))
        .compose(
            ok ->
                failures.isEmpty()
                    ? Future.succeededFuture()
                    : Future.failedFuture(summary(failures)));
  }

  private static Throwable summary(List<Throwable> failures) {
    Throwable first = failures.getFirst();
    failures.stream().skip(1).filter(other -> other != first).forEach(first::addSuppressed);
    return first;
  }

  /// A failure is kept for the end, and the following steps still run.
  private static Future<Void> step(List<Throwable> failures, Supplier<Future<Void>> step) {
    Future<Void> done;
    try {
      done = step.get();
    } catch (RuntimeException e) {
      done = Future.failedFuture(e);
    }
    return done.recover(
        failure -> {
          failures.add(failure);
          return Future.succeededFuture();
        });
  }

  private Future<Void> makeAll(List<Throwable> failures, List<LocalDate> days) {
    return days()
        .compose(
            there -> {
              Future<Void> done = Future.succeededFuture();
              for (LocalDate day : days) {
                if (!there.contains(day)) {
                  done = done.compose(ok -> step(failures, () -> locked(on -> make(on, day))));
                }
              }
              return done;
            });
  }

  /// Returns the days before this one that have records in the default partition, because their
  /// partitions were not created in time.
  private Future<List<LocalDate>> pastDays(LocalDate today) {
    return pool.withConnection(
            on ->
                on.preparedQuery(PAST_DAYS)
                    .execute(Tuple.of(today.atStartOfDay().atOffset(ZoneOffset.UTC)))
                    .map(AuditPartitions::dates))
        .map(Objects::requireNonNull);
  }

  private Future<Void> dropOld(List<Throwable> failures) {
    if (retention.isEmpty()) {
      return Future.succeededFuture();
    }
    return agreedTime
        .now()
        .compose(
            now ->
                dropBefore(
                    LocalDate.ofInstant(now.minus(retention.get()), ZoneOffset.UTC), failures));
  }

  private Future<Void> dropBefore(LocalDate oldestKept, List<Throwable> failures) {
    return days()
        .compose(
            there -> {
              Future<Void> done = Future.succeededFuture();
              for (LocalDate day : there) {
                if (day.isBefore(oldestKept)) {
                  done = done.compose(ok -> step(failures, () -> drop(day)));
                }
              }
              return done;
            });
  }

  private Future<List<LocalDate>> days() {
    return pool.withConnection(AuditPartitions::days).map(Objects::requireNonNull);
  }

  private static Future<List<LocalDate>> days(SqlConnection on) {
    return on.query(DAYS).execute().map(AuditPartitions::dates);
  }

  private static List<LocalDate> dates(RowSet<Row> rows) {
    List<LocalDate> days = new ArrayList<>();
    for (Row row : rows) {
      days.add(LocalDate.parse(row.getString(0), DAY));
    }
    return days;
  }

  private interface Step {
    Future<?> on(SqlConnection connection);
  }

  /// Runs one transaction, unless another broker is doing the work.
  private Future<Void> locked(Step step) {
    return pool.withTransaction(
            on ->
                on.query(LOCK)
                    .execute()
                    .compose(
                        rows ->
                            rows.iterator().next().getBoolean(2)
                                ? step.on(on).mapEmpty()
                                : Future.succeededFuture()))
        .mapEmpty();
  }

  /// Creates a separate table and attaches it after the records in the default partition have moved
  /// to it. Appends and reads continue while most of the records move, and are blocked for the
  /// rest.
  private static Future<?> make(SqlConnection on, LocalDate day) {
    return days(on)
        .compose(
            there ->
                there.contains(day)
                    ? Future.succeededFuture()
                    : on.preparedQuery(MAKE)
                        .execute(Tuple.of(day))
                        .onSuccess(made -> LOG.debugf("made the audit partition of %s", day)));
  }

  /// First stores which records of each chain are dropped, so that the rest still verifies.
  private Future<Void> drop(LocalDate day) {
    AtomicBoolean tried = new AtomicBoolean();
    return locked(
            on ->
                days(on)
                    .compose(
                        there ->
                            there.contains(day)
                                ? mayDrop(on, day)
                                    .compose(may -> may ? drop(on, day, tried) : nothing())
                                : nothing()))
        .onSuccess(
            committed -> {
              if (tried.get()) {
                announceDropped(day);
              }
            })
        .recover(
            failure ->
                tried.get() ? droppedAllTheSame(day, failure) : Future.failedFuture(failure));
  }

  private Future<Boolean> mayDrop(SqlConnection on, LocalDate day) {
    if (!delivers) {
      return Future.succeededFuture(true);
    }
    return DroppedDay.undelivered(on, day)
        .map(
            chains -> {
              if (chains > 0) {
                LOG.warnf(
                    "the audit records of %s stay although their retention is over: those of %d"
                        + " chains are not delivered yet",
                    day, chains);
              }
              return chains == 0;
            });
  }

  private Future<Void> drop(SqlConnection on, LocalDate day, AtomicBoolean tried) {
    return DroppedDay.remember(on, day, clock.instant(), seal)
        .compose(kept -> on.preparedQuery(DROP).execute(Tuple.of(day)))
        .onSuccess(done -> tried.set(true))
        .mapEmpty();
  }

  private static Future<Void> nothing() {
    return Future.succeededFuture();
  }

  /// Used if the answer to a commit is lost.
  private Future<Void> droppedAllTheSame(LocalDate day, Throwable failure) {
    return days()
        .compose(
            there -> {
              if (there.contains(day)) {
                return Future.failedFuture(failure);
              }
              announceDropped(day);
              return Future.succeededFuture();
            });
  }

  private void announceDropped(LocalDate day) {
    LOG.infof("dropped the audit records of %s", day);
    dropped.accept(day);
  }
}
