package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import org.jspecify.annotations.Nullable;

/// The ACTIVE public KEK of each keystore.
public interface ActiveKeks {
  /// Returns the keystore's ACTIVE KEK. Fails with [KekFailure]: `UnknownKeystore`, `NoActiveKek`
  /// or `StoreUnavailable`.
  Uni<ActiveKek> active(KeystoreName keystore);

  /// Returns the ACTIVE KEK at once if it is in memory and fresh; otherwise null.
  default @Nullable ActiveKek freshActive(KeystoreName keystore) {
    return null;
  }
}
