package dev.keybroker.audit.postgres;

import java.time.Instant;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The columns of a row by name, independent of the PostgreSQL client. SQL null is null.
///
/// @param <E> the exception of reading a column
interface StoredRow<E extends Exception> {
  @Nullable String text(String column) throws E;

  @Nullable Long number(String column) throws E;

  @Nullable UUID uuid(String column) throws E;

  byte @Nullable [] bytes(String column) throws E;

  @Nullable Instant time(String column) throws E;
}
