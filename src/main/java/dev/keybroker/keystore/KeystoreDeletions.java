package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The deletion of keystores in the database. Fails with [KeystoreFailure] or
/// [dev.keybroker.kek.KekFailure] (`UnknownKeystore`, `ClockSkew`, `StoreUnavailable`).
///
/// A keystore exists until its last KEK is destroyed. Afterwards, its row only reserves the name.
public interface KeystoreDeletions {
  /// Schedules the destruction of all KEKs that are not destroyed, and the deletion of the keystore
  /// with them. From then on it accepts no change except [#restore]. Has no effect if that is
  /// already scheduled.
  ///
  /// @param version if present, the version that the keystore must still have; otherwise the call
  ///     fails with [KeystoreFailure.Changed]
  /// @param wait until the destruction, by the database's clock; if null, the call fails with
  ///     [KeystoreFailure.HasKeks] unless all KEKs are destroyed
  /// @return the KEKs that changed
  Uni<List<UUID>> delete(KeystoreName name, @Nullable Long version, @Nullable Duration wait);

  /// Cancels the deletion: the KEKs that it scheduled for destruction return to their previous
  /// states. Has no effect if no deletion is scheduled.
  ///
  /// @return the KEKs that changed
  Uni<List<UUID>> restore(KeystoreName name);
}
