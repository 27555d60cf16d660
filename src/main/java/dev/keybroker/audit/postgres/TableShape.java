package dev.keybroker.audit.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Checks the columns of `audit_record` and their types. A record's hash protects the stored text
/// only if the types are these: in a column of another type, different texts can be read as the
/// same value.
final class TableShape {
  private static final Map<String, String> TYPES = types();

  private static final String COLUMNS =
      """
      select attname, format_type(atttypid, atttypmod) from pg_attribute
      where attrelid = 'audit_record'::regclass and attnum > 0 and not attisdropped
      """;

  private TableShape() {}

  private static Map<String, String> types() {
    Map<String, String> types = new TreeMap<>();
    for (String column : ("chain, " + RecordColumns.NAMES).split(",\\s*", -1)) {
      types.put(column, "text");
    }
    types.put("chain", "uuid");
    types.put("seq", "bigint");
    types.put("time", "timestamp with time zone");
    types.put("previous_hash", "bytea");
    types.put("hash", "bytea");
    types.put("kek", "uuid");
    types.put("context_digest", "bytea");
    types.put("context_values", "jsonb");
    types.put("refers_to", "bigint");
    return types;
  }

  /// Describes for people what differs from the migrations.
  static List<String> differences(Connection connection) throws SQLException {
    Map<String, String> found = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(COLUMNS);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        found.put(rows.getString(1), rows.getString(2));
      }
    }
    connection.commit();
    List<String> differences = new ArrayList<>();
    TYPES.forEach(
        (column, type) -> {
          String actual = found.getOrDefault(column, "missing");
          if (!actual.equals(type)) {
            differences.add(
                "audit_record.%s: ALTERED: its type is %s, not %s".formatted(column, actual, type));
          }
        });
    return differences;
  }
}
