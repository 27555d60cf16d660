package dev.keybroker.audit.postgres;

import dev.keybroker.audit.AuditCursor;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.audit.Outcome;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Tuple;
import org.jspecify.annotations.Nullable;

/// The conditions and values of a query for records, newest first.
final class RecordFilter {
  private final StringBuilder conditions = new StringBuilder();
  private final Tuple values = Tuple.tuple();

  private RecordFilter() {}

  static RecordFilter of(AuditQuery query, @Nullable AuditCursor before) {
    RecordFilter filter = new RecordFilter();
    filter.and("tenant = ?", query.tenant());
    filter.and("time >= ?", RecordColumns.time(query.from()));
    if (query.until() != null) {
      filter.and("time < ?", RecordColumns.time(query.until()));
    }
    if (before != null) {
      // The first condition lets the planner exclude days.
      filter.and("time <= ?", RecordColumns.time(before.time()));
      filter.and(
          "(time, chain, seq) < (?, ?, ?)",
          RecordColumns.time(before.time()),
          before.chain(),
          before.sequence());
    }
    if (query.keystore() != null) {
      filter.and("keystore = ?", query.keystore());
    }
    if (query.caller() != null) {
      filter.and("caller = ?", query.caller());
    }
    if (query.outcome() != null) {
      filter.and("outcome = ?", query.outcome().name());
      if (query.outcome() != Outcome.GRANTED) {
        // Matches the condition of the index of exceptions.
        filter.and("outcome <> 'GRANTED'");
      }
    }
    if (query.contextDigest() != null) {
      filter.and("context_digest = ?", Buffer.buffer(query.contextDigest()));
    }
    if (!query.contextValues().isEmpty()) {
      filter.and("context_values @> ?::text::jsonb", RecordColumns.json(query.contextValues()));
    }
    return filter;
  }

  private void and(String condition, @Nullable Object... operands) {
    conditions.append(conditions.isEmpty() ? " where " : " and ");
    int next = 0;
    for (int i = 0; i < condition.length(); i++) {
      if (condition.charAt(i) == '?') {
        values.addValue(operands[next++]);
        conditions.append('$').append(values.size());
      } else {
        conditions.append(condition.charAt(i));
      }
    }
  }

  String sql(int limit) {
    return "select chain, "
        + RecordColumns.NAMES.replace("context_values", "context_values::text as context_values")
        + " from audit_record"
        + conditions
        + " order by time desc, chain desc, seq desc limit "
        + limit;
  }

  Tuple values() {
    return values;
  }
}
