package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import org.jspecify.annotations.Nullable;

/// KEKs whose row PostgreSQL has lost, e.g. by a failover to a standby that lagged, while a cache
/// still holds their record.
public interface LostKeks {
  /// Writes a lost KEK's row again from a copy of its record. A KEK that was ACTIVE or RETIRED
  /// becomes RETIRED, a DISABLED or DESTROY_SCHEDULED one becomes DISABLED. A row that exists stays
  /// as it is, whatever its state, and is the answer; only an intent, which holds no key, gives
  /// way.
  ///
  /// Fails with [KekFailure]: `UnknownKek` where the copy does not suffice or the keystore does not
  /// exist, `StoreUnavailable`.
  Uni<Kek> restore(Kek copy);

  /// A read of PostgreSQL while a cache holds a copy of the record. If PostgreSQL has lost the KEK,
  /// it is restored.
  ///
  /// @param copy null where the cache holds none
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
