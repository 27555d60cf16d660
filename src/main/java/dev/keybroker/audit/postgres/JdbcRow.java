package dev.keybroker.audit.postgres;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The current row of a JDBC result.
record JdbcRow(ResultSet row) implements StoredRow<SQLException> {
  @Override
  public @Nullable String text(String column) throws SQLException {
    return row.getString(column);
  }

  /// `ResultSet.getLong` would return 0 for null.
  @Override
  public @Nullable Long number(String column) throws SQLException {
    return row.getObject(column, Long.class);
  }

  @Override
  public @Nullable UUID uuid(String column) throws SQLException {
    return row.getObject(column, UUID.class);
  }

  @Override
  public byte @Nullable [] bytes(String column) throws SQLException {
    return row.getBytes(column);
  }

  @Override
  public @Nullable Instant time(String column) throws SQLException {
    OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
    return time == null ? null : time.toInstant();
  }
}
