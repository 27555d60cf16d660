package dev.keybroker.audit.postgres;

import dev.keybroker.audit.DropSeal;
import dev.keybroker.audit.DroppedRange;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Stores which records a day's table has before it is dropped, in the same transaction, so that
/// the rest of their chains still verifies.
final class DroppedDay {
  /// Removes rows that were put there before.
  private static final String REMEMBER =
      """
      insert into audit_checkpoint
        (chain, seq, hash, time, kind, first_seq, previous_hash, day, key_id, mac)
      values ($1, $2, $3, $4, 'DROPPED', $5, $6, $7, $8, $9)
      on conflict (chain, kind, seq) do update set hash = excluded.hash, time = excluded.time,
        first_seq = excluded.first_seq, previous_hash = excluded.previous_hash, day = excluded.day,
        key_id = excluded.key_id, mac = excluded.mac
      """;

  private DroppedDay() {}

  /// Blocks writes to the day; it can still be read.
  private static final String HOLD = "select audit_hold_day($1)";

  /// Writes one row for each run of consecutive records. A chain can have several runs, because
  /// records around midnight are in the order of their commits, not of their times.
  private static final String RANGES =
      """
      select runs.chain, first, last,
        (select previous_hash from audit_record
          where chain = runs.chain and seq = first and time >= $1 and time < $2 limit 1),
        (select hash from audit_record
          where chain = runs.chain and seq = last and time >= $1 and time < $2 limit 1)
      from (
        select chain, min(seq) as first, max(seq) as last
        from (
          select chain, seq, seq - dense_rank() over (partition by chain order by seq) as run
          from audit_record where time >= $1 and time < $2) numbered
        group by chain, run) runs
      """;

  private static final String UNDELIVERED =
      """
      select count(*) from (
        select chain, max(seq) as last from audit_record where time >= $1 and time < $2
        group by chain) of_day
      left join audit_delivery d on d.chain = of_day.chain
      where last > coalesce(d.seq, 0)
      """;

  /// Returns how many chains have records in the day that were not delivered. Blocks writes to the
  /// day, too.
  static Future<Long> undelivered(SqlConnection on, LocalDate day) {
    return on.preparedQuery(HOLD)
        .execute(Tuple.of(day))
        .compose(
            held ->
                on.preparedQuery(UNDELIVERED)
                    .execute(Tuple.of(midnight(day), midnight(day.plusDays(1)))))
        .map(rows -> rows.iterator().next().getLong(0));
  }

  static Future<Void> remember(SqlConnection on, LocalDate day, Instant now, DropSeal seal) {
    return on.preparedQuery(HOLD)
        .execute(Tuple.of(day))
        .compose(
            held ->
                on.preparedQuery(RANGES)
                    .execute(Tuple.of(midnight(day), midnight(day.plusDays(1)))))
        .map(rows -> ranges(rows, day))
        .compose(
            ranges ->
                ranges.isEmpty()
                    ? Future.<Void>succeededFuture()
                    : on.preparedQuery(REMEMBER)
                        .executeBatch(ranges.stream().map(it -> values(it, now, seal)).toList())
                        .<Void>mapEmpty());
  }

  private static OffsetDateTime midnight(LocalDate day) {
    return day.atStartOfDay().atOffset(ZoneOffset.UTC);
  }

  private static List<DroppedRange> ranges(RowSet<Row> rows, LocalDate day) {
    List<DroppedRange> ranges = new ArrayList<>(rows.size());
    for (Row row : rows) {
      ranges.add(
          new DroppedRange(
              row.getUUID(0),
              row.getLong(1),
              row.getLong(2),
              row.getBuffer(3).getBytes(),
              row.getBuffer(4).getBytes(),
              day));
    }
    return ranges;
  }

  private static Tuple values(DroppedRange range, Instant now, DropSeal seal) {
    return Tuple.tuple()
        .addUUID(range.chain())
        .addLong(range.last())
        .addBuffer(Buffer.buffer(range.hash()))
        .addOffsetDateTime(RecordColumns.time(now))
        .addLong(range.first())
        .addBuffer(Buffer.buffer(range.previousHash()))
        .addLocalDate(range.day())
        .addValue(seal.keyId())
        .addValue(buffer(seal.mac(range)));
  }

  private static @Nullable Buffer buffer(byte @Nullable [] bytes) {
    return bytes == null ? null : Buffer.buffer(bytes);
  }
}
