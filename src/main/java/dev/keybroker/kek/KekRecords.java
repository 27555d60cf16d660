package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The records of all KEKs, by id.
public interface KekRecords {
  /// The KEK of this id, whatever its state. Fails with [KekFailure]: `UnknownKek` or
  /// `StoreUnavailable`.
  Uni<Kek> kek(UUID id);

  /// The same at once, where it is in memory and fresh; null where it must be asked for.
  default @Nullable Kek freshKek(UUID id) {
    return null;
  }
}
