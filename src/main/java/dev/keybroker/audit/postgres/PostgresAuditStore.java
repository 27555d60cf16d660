package dev.keybroker.audit.postgres;

import dev.keybroker.access.Caller;
import dev.keybroker.audit.AppendRejected;
import dev.keybroker.audit.AuditConfig;
import dev.keybroker.audit.AuditCursor;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.audit.AuditStore;
import dev.keybroker.audit.ChainHead;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.RefusedUnwraps;
import dev.keybroker.audit.UseRecords;
import dev.keybroker.audit.Verification;
import dev.keybroker.audit.VerificationRecords;
import io.quarkus.reactive.datasource.ReactiveDataSource;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import jakarta.inject.Singleton;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Stores records as rows. Each commit is one statement, and therefore one round trip.
@Singleton
public class PostgresAuditStore implements AuditStore, UseRecords, VerificationRecords {
  private static final String OPEN =
      """
      insert into audit_chain (id, key_id, start_time, head_seq, head_hash, head_time)
      values ($1, $2, $3, 0, $4, $3) on conflict do nothing
      """;

  /// Moves the head from where the writer left it and, if it was there, appends. The row's lock
  /// serialises two attempts, so that the second one finds the head moved.
  ///
  /// The arrays, which have one length, are in the select list: in the from clause, PostgreSQL
  /// stores the elements of each array before it reads them.
  private static final String APPEND =
      """
      with head as (
        update audit_chain set head_seq = $4, head_hash = $5, head_time = $6
        where id = $1 and head_seq = $2 and head_hash = $3
        returning id)
      insert into audit_record (chain, %s)
      select id, unnest($7::bigint[]), unnest($8::timestamptz[]), unnest($9::bytea[]),
        unnest($10::bytea[]), unnest($11::text[]), unnest($12::text[]), unnest($13::text[]),
        unnest($14::text[]), unnest($15::text[]), unnest($16::uuid[]), unnest($17::text[]),
        unnest($18::bytea[]), unnest($19::text[])::jsonb, unnest($20::text[]),
        unnest($21::text[]), unnest($22::text[]), unnest($23::text[]), unnest($24::text[]),
        unnest($25::bigint[])
      from head
      """
          .formatted(RecordColumns.NAMES);

  private static final String HEAD = "select head_seq, head_hash from audit_chain where id = $1";

  private static final String CHECKPOINT =
      """
      insert into audit_checkpoint (chain, seq, hash, time, kind) values ($1, $2, $3, $4, 'HEAD')
      on conflict do nothing
      """;

  private static final String COUNT_USES =
      """
      select kek, count(*) from audit_record
      where tenant = $1 and kek = any($2) and action = any($3) and time >= $4
        and outcome = 'GRANTED' and kek is not null
      group by kek
      """;

  /// One search for each KEK and action, in the index of KEKs, which ends at the last record. That
  /// index is in the order of time only within one KEK and action. The tenant is compared
  /// afterwards: inside, it would make PostgreSQL read the tenant's records of all KEKs.
  private static final String LAST_USES =
      """
      select k.id, max(r.time) as time
      from unnest($2::uuid[]) as k (id), unnest($3::text[]) as a (action), lateral (
        select tenant, time from audit_record
        where kek = k.id and action = a.action and time >= $4
          and outcome = 'GRANTED' and kek is not null
        order by time desc limit 1) r
      where r.tenant = $1
      group by k.id
      """;

  private static final String REFUSED_USES =
      "with granted as materialized ("
          + LAST_USES
          + ")\n"
          + """
          select count(*), min(r.time), max(r.time) from audit_record r
          join unnest($2::uuid[]) as k (id) on r.kek = k.id
          left join granted on granted.id = k.id
          where r.tenant = $1 and r.action = any($3) and r.time >= $4 and r.outcome = 'REFUSED'
            and r.reason like 'KMS\\_%' and (granted.time is null or r.time > granted.time)
          """;

  private static final String LAST_VERIFICATION =
      "select chain, "
          + RecordColumns.NAMES.replace("context_values", "context_values::text as context_values")
          + " from audit_record where tenant is null and action = '"
          + Verification.ACTION
          + "' and time >= $1 order by time desc, chain desc limit 1";

  private final AuditConnection writing;
  private final AuditReads reading;

  PostgresAuditStore(
      @ReactiveDataSource("audit") Pool writing,
      @ReactiveDataSource("audit-query") Pool reading,
      AuditConfig audit) {
    // The server gives up slightly earlier than this side, so that this side knows the result.
    this.writing =
        new AuditConnection(
            writing, audit.commitTimeout().minus(audit.commitTimeout().dividedBy(10)));
    this.reading = new AuditReads(reading, audit.queryTimeout());
  }

  @Override
  public Uni<Void> open(UUID chain, @Nullable String keyId, Instant time) {
    Tuple values =
        Tuple.of(chain, keyId, RecordColumns.time(time), Buffer.buffer(ChainHead.START.hash()));
    return uni(() -> writing.call(on -> on.preparedQuery(OPEN).execute(values))).replaceWithVoid();
  }

  @Override
  public Uni<Boolean> append(ChainHead last, List<ChainedRecord> records) {
    ChainedRecord end = records.getLast();
    Tuple values =
        Tuple.of(
            end.chain(),
            last.sequence(),
            Buffer.buffer(last.hash()),
            end.sequence(),
            Buffer.buffer(end.hash()),
            RecordColumns.time(end.event().time()));
    RecordColumns.add(values, records);
    return uni(() ->
            writing.call(
                on ->
                    on.preparedQuery(APPEND)
                        .execute(values)
                        .recover(PostgresAuditStore::rejectedOrInDoubt),
                AppendRejected::new))
        .map(SqlResult::rowCount)
        .map(
            count -> {
              if (count != 0 && count != records.size()) {
                throw new IllegalStateException(count + " of " + records.size() + " rows");
              }
              return count != 0;
            });
  }

  /// An SQLSTATE means that the server has ended the statement without a commit. Exceptions are
  /// 40003 and those of the connection class: a pooler in between also sends them while the
  /// statement is running.
  private static <T> Future<T> rejectedOrInDoubt(Throwable failure) {
    boolean rejected =
        failure instanceof PgException answer
            && answer.getSqlState() != null
            && !answer.getSqlState().startsWith("08")
            && !answer.getSqlState().equals("40003");
    return Future.failedFuture(rejected ? new AppendRejected(failure) : failure);
  }

  @Override
  public Uni<@Nullable ChainHead> head(UUID chain) {
    return uni(() -> writing.call(on -> on.preparedQuery(HEAD).execute(Tuple.of(chain))))
        .map(PostgresAuditStore::head);
  }

  private static @Nullable ChainHead head(RowSet<io.vertx.sqlclient.Row> rows) {
    for (io.vertx.sqlclient.Row row : rows) {
      return new ChainHead(row.getLong(0), row.getBuffer(1).getBytes());
    }
    return null;
  }

  @Override
  public Uni<Void> checkpoint(UUID chain, ChainHead head, Instant time) {
    Tuple values =
        Tuple.of(chain, head.sequence(), Buffer.buffer(head.hash()), RecordColumns.time(time));
    return uni(() -> writing.call(on -> on.preparedQuery(CHECKPOINT).execute(values)))
        .replaceWithVoid();
  }

  @Override
  public Uni<List<ChainedRecord>> list(
      Caller reader, AuditQuery query, @Nullable AuditCursor before, int limit) {
    RecordFilter filter = RecordFilter.of(query, before);
    return reading
        .run(reader, filter.sql(limit), filter.values())
        .map(
            rows -> {
              List<ChainedRecord> records = new ArrayList<>(rows.size());
              rows.forEach(row -> records.add(RecordColumns.record(new VertxRow(row))));
              return records;
            });
  }

  @Override
  public Uni<@Nullable ChainedRecord> lastVerification(Caller reader, Instant from) {
    return reading
        .run(reader, LAST_VERIFICATION, Tuple.of(RecordColumns.time(from)))
        .map(
            rows -> {
              for (io.vertx.sqlclient.Row row : rows) {
                return RecordColumns.record(new VertxRow(row));
              }
              return null;
            });
  }

  @Override
  public Uni<Map<UUID, Long>> count(
      String tenant, Set<UUID> keks, Set<String> actions, Instant from) {
    return reading
        .run(COUNT_USES, uses(tenant, keks, actions, from))
        .map(
            rows -> {
              Map<UUID, Long> counts = new HashMap<>();
              rows.forEach(row -> counts.put(row.getUUID(0), row.getLong(1)));
              return counts;
            });
  }

  @Override
  public Uni<Map<UUID, Instant>> last(
      String tenant, Set<UUID> keks, Set<String> actions, Instant from) {
    return reading
        .run(LAST_USES, uses(tenant, keks, actions, from))
        .map(
            rows -> {
              Map<UUID, Instant> times = new HashMap<>();
              rows.forEach(row -> times.put(row.getUUID(0), row.getOffsetDateTime(1).toInstant()));
              return times;
            });
  }

  @Override
  public Uni<RefusedUnwraps> refused(
      String tenant, Set<UUID> keks, Set<String> actions, Instant from) {
    return reading
        .run(REFUSED_USES, uses(tenant, keks, actions, from))
        .map(rows -> rows.iterator().next())
        .map(
            row ->
                new RefusedUnwraps(
                    row.getLong(0),
                    instant(row.getOffsetDateTime(1)),
                    instant(row.getOffsetDateTime(2))));
  }

  private static @Nullable Instant instant(@Nullable OffsetDateTime time) {
    return time == null ? null : time.toInstant();
  }

  private static Tuple uses(String tenant, Set<UUID> keks, Set<String> actions, Instant from) {
    return Tuple.tuple()
        .addString(tenant)
        .addArrayOfUUID(keks.toArray(UUID[]::new))
        .addArrayOfString(actions.toArray(String[]::new))
        .addOffsetDateTime(RecordColumns.time(from));
  }

  @Override
  public void abandon() {
    writing.abandon();
  }

  private static <T> Uni<T> uni(Supplier<Future<T>> call) {
    return Uni.createFrom().completionStage(() -> call.get().toCompletionStage());
  }
}
