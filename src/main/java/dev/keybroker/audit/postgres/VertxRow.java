package dev.keybroker.audit.postgres;

import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A row that the Vert.x client read.
record VertxRow(Row row) implements StoredRow<RuntimeException> {
  @Override
  public @Nullable String text(String column) {
    return row.getString(column);
  }

  @Override
  public @Nullable Long number(String column) {
    return row.getLong(column);
  }

  @Override
  public @Nullable UUID uuid(String column) {
    return row.getUUID(column);
  }

  @Override
  public byte @Nullable [] bytes(String column) {
    Buffer bytes = row.getBuffer(column);
    return bytes == null ? null : bytes.getBytes();
  }

  @Override
  public @Nullable Instant time(String column) {
    OffsetDateTime time = row.getOffsetDateTime(column);
    return time == null ? null : time.toInstant();
  }
}
