package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import java.util.UUID;

/// The records of all KEKs, by id.
public interface KekRecords {
  /// The KEK of this id, whatever its state. Fails with [KekFailure]: `UnknownKek` or
  /// `StoreUnavailable`.
  Uni<Kek> kek(UUID id);
}
