package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import java.util.Collection;
import org.jspecify.annotations.Nullable;

/// The committed changes of all keystores and KEKs. Thread-safe; a retry is always safe.
public interface ChangeFeed {
  /// Returns the changes that were not committed at the time of an earlier read. Fails with
  /// [KekFailure.StoreUnavailable].
  ///
  /// @param position of the earlier read; null to read no change and only learn the position
  Uni<Reading> readFrom(@Nullable Position position);

  /// Deletes the changes that were committed at the time of an earlier read. Fails with
  /// [KekFailure.StoreUnavailable].
  Uni<Void> prune(Position position);

  /// The time of a read.
  ///
  /// @param epoch changes if the database may have lost or replaced rows without a change:
  ///     positions of two epochs cannot be compared
  /// @param snapshot of the database
  record Position(String epoch, String snapshot) {}

  /// What a read shows.
  ///
  /// @param position of this read
  record Reading(Position position, Collection<KekChange> changes) {}
}
