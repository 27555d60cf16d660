package dev.keybroker.audit.postgres;

import dev.keybroker.audit.AuditConfig;
import dev.keybroker.audit.AuditTrail;
import dev.keybroker.audit.DropSeal;
import dev.keybroker.postgres.DatabaseTime;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.inject.Inject;
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

/// The days of `audit_record`: one partition each, in UTC, made ahead, and dropped as a whole when
/// the retention says so.
///
/// One broker at a time does this; the others find it done. Records of a day without a partition
/// wait in the default one, and move when theirs is made: for the last of them appends are held, so
/// that none comes between that and the attachment. No step waits long for a lock, since appends
/// would wait behind it. Each day is a step by itself; what cannot be done now is done the next
/// time, and keeps no other day from being done.
@ApplicationScoped
public class AuditPartitions {
  private static final Logger LOG = Logger.getLogger(AuditPartitions.class);

  /// Days that have a partition before they come.
  private static final int AHEAD = 7;

  private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("uuuuMMdd");

  /// `keybroker` in ASCII, cut to a number.
  private static final String LOCK =
      """
      select set_config('lock_timeout', '200ms', true),
        set_config('idle_in_transaction_session_timeout', '10s', true),
        pg_try_advisory_xact_lock(7739271)
      """;

  /// The broker's role need not own the tables: these functions run with their owner's rights.
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
  private final Consumer<LocalDate> dropped;
  private final AgreedTime agreedTime;
  private final DropSeal seal;
  private final Clock clock;

  /// The database's time, by which days are dropped; a failure where this broker's clock disagrees.
  interface AgreedTime {
    Future<Instant> now();
  }

  @Inject
  AuditPartitions(
      Pool pool,
      AuditConfig config,
      AuditTrail trail,
      DatabaseTime time,
      DropSeal seal,
      Clock clock) {
    this(pool, config.retention(), trail::dropped, () -> time.agreedNow(pool), seal, clock);
  }

  /// @param dropped called for each day whose drop is committed
  AuditPartitions(
      Pool pool,
      Optional<Duration> retention,
      Consumer<LocalDate> dropped,
      AgreedTime agreedTime,
      DropSeal seal,
      Clock clock) {
    this.pool = pool;
    this.retention = retention;
    this.dropped = dropped;
    this.agreedTime = agreedTime;
    this.seal = seal;
    this.clock = clock;
  }

  /// Makes the coming days, and those of the past that wait in the default partition, and drops
  /// those that are too old. Does all that can be done, and then fails if something could not;
  /// again is safe.
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

  /// A failure is kept for the end, and what follows is done all the same.
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

  private Future<Void> makeAll(List<Throwable> failures, List<LocalDate> wanted) {
    return days()
        .compose(
            there -> {
              Future<Void> done = Future.succeededFuture();
              for (LocalDate day : wanted) {
                if (!there.contains(day)) {
                  done = done.compose(ok -> step(failures, () -> locked(on -> make(on, day))));
                }
              }
              return done;
            });
  }

  /// Days before this one of which records wait in the default partition: nobody made them in time.
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

  /// One transaction, where no other broker is at it.
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

  /// A table of its own that is attached once it holds what waited in the default partition.
  /// Appends go on while the bulk of that is moved, and are held for the rest.
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

  /// Remembers which records of each chain go first, so that the rest still verifies.
  private Future<Void> drop(LocalDate day) {
    AtomicBoolean tried = new AtomicBoolean();
    return locked(
            on ->
                days(on)
                    .compose(
                        there ->
                            there.contains(day)
                                ? DroppedDay.remember(on, day, clock.instant(), seal)
                                    .compose(kept -> on.preparedQuery(DROP).execute(Tuple.of(day)))
                                    .onSuccess(done -> tried.set(true))
                                : Future.succeededFuture()))
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

  /// Where the answer to a commit is lost.
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
