package dev.keybroker.audit.postgres;

import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.DeliveryCursor;
import dev.keybroker.audit.DeliveryStore;
import io.smallrye.mutiny.Uni;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlResult;
import io.vertx.sqlclient.Tuple;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// Stores the cursors in `audit_delivery`.
///
/// The numbers of a chain's records are committed in order and without gaps, because each append
/// moves the head of the chain. So a number is a position that no late commit falls behind, and a
/// chain has something to deliver if its head is above its cursor. No transaction lasts longer than
/// one statement.
@Singleton
public class PostgresDeliveryStore implements DeliveryStore {
  /// Records are not ordered by time within a chain: those that waited longest for their commit
  /// have a time before that of records with lower numbers. They are almost always within a day.
  private static final Duration WINDOW = Duration.ofDays(1);

  private static final String ADOPT =
      """
      insert into audit_delivery (chain, seq, time, held_until)
      select id, 0, start_time, '-infinity' from audit_chain c
      where head_seq > 0 and not exists (select from audit_delivery d where d.chain = c.id)
      on conflict do nothing
      """;

  private static final String CLAIM =
      """
      with due as (
        select d.chain, c.head_seq from audit_delivery d join audit_chain c on c.id = d.chain
        where c.head_seq > d.seq and (d.holder = $1 or d.held_until <= now())
        order by c.head_time desc limit $2
        for update of d skip locked)
      update audit_delivery d set holder = $1, held_until = now() + $3 * interval '1 millisecond'
      from due where d.chain = due.chain
      returning d.chain, d.seq, d.time, due.head_seq
      """;

  private static final String SELECT =
      "select chain, "
          + RecordColumns.NAMES.replace("context_values", "context_values::text as context_values")
          + " from audit_record where chain = $1 and seq > $2 and seq <= $3";

  private static final String NEXT = SELECT + " order by seq limit $4";

  private static final String NEXT_NEARBY =
      SELECT + " and time >= $5 and time < $6 order by seq limit $4";

  private static final String ADVANCE =
      """
      update audit_delivery
      set seq = $4, time = $5, held_until = now() + $6 * interval '1 millisecond'
      where chain = $2 and seq = $3 and holder = $1
      """;

  private static final String RELEASE =
      "update audit_delivery set holder = null, held_until = '-infinity' where holder = $1";

  private static final String BACKLOG =
      """
      select coalesce(sum(c.head_seq - coalesce(d.seq, 0)), 0)::bigint
      from audit_chain c left join audit_delivery d on d.chain = c.id
      where c.head_seq > coalesce(d.seq, 0)
      """;

  private final Pool pool;

  PostgresDeliveryStore(Pool pool) {
    this.pool = pool;
  }

  @Override
  public Uni<List<DeliveryCursor>> claim(UUID broker, int limit, Duration lease) {
    return run(ADOPT, Tuple.tuple())
        .chain(() -> run(CLAIM, Tuple.of(broker, limit, lease.toMillis())))
        .map(
            rows -> {
              List<DeliveryCursor> cursors = new ArrayList<>(rows.size());
              for (Row row : rows) {
                cursors.add(
                    new DeliveryCursor(
                        row.getUUID(0),
                        row.getLong(1),
                        row.getOffsetDateTime(2).toInstant(),
                        row.getLong(3)));
              }
              return cursors;
            });
  }

  @Override
  public Uni<List<ChainedRecord>> next(DeliveryCursor cursor, int limit) {
    return run(
            NEXT_NEARBY,
            of(cursor, limit)
                .addOffsetDateTime(RecordColumns.time(cursor.time().minus(WINDOW)))
                .addOffsetDateTime(RecordColumns.time(cursor.time().plus(WINDOW))))
        .map(PostgresDeliveryStore::consecutive)
        .chain(
            nearby ->
                !nearby.isEmpty() && nearby.getFirst().sequence() == cursor.sequence() + 1
                    ? Uni.createFrom().item(nearby)
                    : run(NEXT, of(cursor, limit)).map(PostgresDeliveryStore::consecutive));
  }

  private static Tuple of(DeliveryCursor cursor, int limit) {
    return Tuple.tuple()
        .addUUID(cursor.chain())
        .addLong(cursor.sequence())
        .addLong(cursor.head())
        .addInteger(limit);
  }

  private static List<ChainedRecord> consecutive(RowSet<Row> rows) {
    List<ChainedRecord> records = new ArrayList<>(rows.size());
    for (Row row : rows) {
      if (!records.isEmpty() && row.getLong("seq") != records.getLast().sequence() + 1) {
        break;
      }
      records.add(RecordColumns.record(new VertxRow(row)));
    }
    return records;
  }

  @Override
  public Uni<Boolean> advance(
      UUID broker, DeliveryCursor from, long sequence, Instant time, Duration lease) {
    return run(
            ADVANCE,
            Tuple.tuple()
                .addUUID(broker)
                .addUUID(from.chain())
                .addLong(from.sequence())
                .addLong(sequence)
                .addOffsetDateTime(RecordColumns.time(time))
                .addLong(lease.toMillis()))
        .map(SqlResult::rowCount)
        .map(count -> count == 1);
  }

  @Override
  public Uni<Void> release(UUID broker) {
    return run(RELEASE, Tuple.of(broker)).replaceWithVoid();
  }

  @Override
  public Uni<Long> backlog() {
    return run(BACKLOG, Tuple.tuple()).map(rows -> rows.iterator().next().getLong(0));
  }

  private Uni<RowSet<Row>> run(String sql, Tuple values) {
    return Uni.createFrom()
        .completionStage(() -> pool.preparedQuery(sql).execute(values).toCompletionStage());
  }
}
