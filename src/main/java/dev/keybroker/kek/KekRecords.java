package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The records of all KEKs, by id.
public interface KekRecords {
  /// Returns the KEK of this id, whatever its state. Fails with [KekFailure]: `UnknownKek` or
  /// `StoreUnavailable`.
  Uni<Kek> kek(UUID id);

  /// Returns the KEK at once if it is in memory and fresh; otherwise null.
  default @Nullable Kek freshKek(UUID id) {
    return null;
  }

  /// Returns how long ago, in milliseconds, this broker last knew the record of an ACTIVE KEK to be
  /// that of PostgreSQL.
  ///
  /// @param now the time of the wall clock, in milliseconds
  default long ageMillis(ActiveKek kek, long now) {
    return Math.max(0, now - kek.readTime().toEpochMilli());
  }
}
