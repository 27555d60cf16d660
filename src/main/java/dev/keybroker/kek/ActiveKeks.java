package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import org.jspecify.annotations.Nullable;

/// The ACTIVE public KEK of each keystore.
public interface ActiveKeks {
  /// The keystore's ACTIVE KEK. Fails with [KekFailure]: `UnknownKeystore`, `NoActiveKek` or
  /// `StoreUnavailable`.
  Uni<ActiveKek> active(KeystoreName keystore);

  /// The same at once, where it is in memory and fresh; null where it must be asked for.
  default @Nullable ActiveKek freshActive(KeystoreName keystore) {
    return null;
  }
}
