package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import org.jspecify.annotations.Nullable;

/// Restores KEKs whose row PostgreSQL has lost, e.g. in a failover to a lagging standby, from a
/// record that a cache still holds.
public interface LostKeks {
  /// Restores a lost KEK's row from a copy of its record. A KEK that was ACTIVE or RETIRED becomes
  /// RETIRED, a DISABLED or DESTROY_SCHEDULED one becomes DISABLED. An existing row is left
  /// unchanged and returned, whatever its state. Only an intent, which holds no key, is replaced.
  ///
  /// Fails with [KekFailure]: `UnknownKek` if the copy is not sufficient or the keystore does not
  /// exist, or `StoreUnavailable`.
  Uni<Kek> restore(Kek copy);

  /// Reads a record from PostgreSQL while a cache holds a copy. If PostgreSQL has lost the KEK,
  /// restores it.
  ///
  /// @param copy null if the cache holds none
  default Uni<Kek> notLost(Uni<Kek> read, @Nullable Kek copy) {
    if (copy == null || copy.encryptedPrivateKey() == null) {
      return read;
    }
    return read.onFailure(KekFailure.UnknownKek.class)
        .recoverWithUni(() -> restore(copy))
        // PostgreSQL may have kept the intent and lost the activation.
        .chain(
            kek ->
                kek.state() == KekState.PENDING_GENERATION
                    ? restore(copy)
                    : Uni.createFrom().item(kek));
  }
}
