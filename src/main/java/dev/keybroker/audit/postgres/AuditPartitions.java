package dev.keybroker.audit.postgres;

import dev.keybroker.audit.AuditConfig;
import dev.keybroker.audit.AuditTrail;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jboss.logging.Logger;

/// The days of `audit_record`: one partition each, in UTC, made ahead, and dropped as a whole when
/// the retention says so.
///
/// One broker at a time does this; the others find it done. Records of a day without a partition
/// wait in the default one, and move when theirs is made. No step waits long for a lock, since
/// appends would wait behind it: what cannot have it now is done the next time.
@ApplicationScoped
public class AuditPartitions {
  private static final Logger LOG = Logger.getLogger(AuditPartitions.class);

  /// Days that have a partition before they come.
  private static final int AHEAD = 7;

  private static final String PREFIX = "audit_record_";
  private static final DateTimeFormatter DAY = DateTimeFormatter.ofPattern("uuuuMMdd");

  /// `keybroker` in ASCII, cut to a number.
  private static final String LOCK =
      "select set_config('lock_timeout', '200ms', true), pg_try_advisory_xact_lock(7739271)";

  private static final String DAYS =
      """
      select right(c.relname, 8) from pg_inherits i join pg_class c on c.oid = i.inhrelid
      where i.inhparent = 'audit_record'::regclass and c.relname ~ '^audit_record_[0-9]{8}$'
      order by 1
      """;

  private final Pool pool;
  private final AuditConfig config;
  private final AuditTrail trail;
  private final Clock clock;

  AuditPartitions(Pool pool, AuditConfig config, AuditTrail trail, Clock clock) {
    this.pool = pool;
    this.config = config;
    this.trail = trail;
    this.clock = clock;
  }

  /// Makes the coming days and drops those that are too old. Fails where PostgreSQL does; again is
  /// safe.
  public Uni<Void> run() {
    return Uni.createFrom().completionStage(() -> runNow().toCompletionStage()).replaceWithVoid();
  }

  private Future<Void> runNow() {
    LocalDate today = LocalDate.ofInstant(clock.instant(), ZoneOffset.UTC);
    return days()
        .compose(
            there -> {
              Future<Void> done = Future.succeededFuture();
              for (int i = 0; i <= AHEAD; i++) {
                LocalDate day = today.plusDays(i);
                if (!there.contains(day)) {
                  done = done.compose(ok -> locked(on -> make(on, day)));
                }
              }
              Optional<Duration> retention = config.retention();
              if (retention.isPresent()) {
                LocalDate oldestKept =
                    LocalDate.ofInstant(clock.instant().minus(retention.get()), ZoneOffset.UTC);
                for (LocalDate day : there) {
                  if (day.isBefore(oldestKept)) {
                    done = done.compose(ok -> drop(day));
                  }
                }
              }
              return done;
            });
  }

  private Future<List<LocalDate>> days() {
    return pool.withConnection(AuditPartitions::days).map(Objects::requireNonNull);
  }

  private static Future<List<LocalDate>> days(SqlConnection on) {
    return on.query(DAYS)
        .execute()
        .map(
            rows -> {
              List<LocalDate> days = new ArrayList<>();
              for (Row row : rows) {
                days.add(LocalDate.parse(row.getString(0), DAY));
              }
              return days;
            });
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
                            rows.iterator().next().getBoolean(1)
                                ? step.on(on).mapEmpty()
                                : Future.succeededFuture()))
        .mapEmpty();
  }

  private static String table(LocalDate day) {
    return PREFIX + DAY.format(day);
  }

  /// A table of its own that is attached once it holds what waited in the default partition: that
  /// way appends go on meanwhile.
  private static Future<?> make(SqlConnection on, LocalDate day) {
    String table = table(day);
    String range =
        " time >= '%sT00:00:00Z' and time < '%sT00:00:00Z'".formatted(day, day.plusDays(1));
    return days(on)
        .compose(
            there ->
                there.contains(day)
                    ? Future.succeededFuture()
                    : on.query("create table %s (like audit_record including all)".formatted(table))
                        .execute()
                        .compose(
                            made ->
                                on.query(
                                        "with moved as (delete from audit_record_default where"
                                            + range
                                            + " returning *) insert into "
                                            + table
                                            + " select * from moved")
                                    .execute())
                        .compose(
                            moved ->
                                on.query(
                                        "alter table audit_record attach partition %s for values"
                                                .formatted(table)
                                            + " from ('%sT00:00:00Z') to ('%sT00:00:00Z')"
                                                .formatted(day, day.plusDays(1)))
                                    .execute())
                        .onSuccess(made -> LOG.debugf("made %s", table)));
  }

  private static String rememberDropped(String table) {
    return """
    insert into audit_checkpoint (chain, seq, hash, time, kind)
    select distinct on (chain) chain, seq, hash, $1, 'DROPPED' from %s
    order by chain, seq desc
    on conflict do nothing
    """
        .formatted(table);
  }

  /// Remembers the last dropped record of each chain first, so that the rest still verifies.
  private Future<Void> drop(LocalDate day) {
    String table = table(day);
    return locked(
            on ->
                days(on)
                    .compose(
                        there ->
                            there.contains(day)
                                ? on.preparedQuery(rememberDropped(table))
                                    .execute(Tuple.of(RecordColumns.time(clock.instant())))
                                    .compose(kept -> on.query("drop table " + table).execute())
                                    .compose(
                                        dropped ->
                                            on.preparedQuery(
                                                    "delete from audit_checkpoint where kind ="
                                                        + " 'HEAD' and time < $1")
                                                .execute(
                                                    Tuple.of(
                                                        day.plusDays(1)
                                                            .atStartOfDay()
                                                            .atOffset(ZoneOffset.UTC))))
                                    .onSuccess(
                                        dropped -> {
                                          LOG.infof("dropped the audit records of %s", day);
                                          trail.dropped(day);
                                        })
                                : Future.succeededFuture()))
        .mapEmpty();
  }
}
