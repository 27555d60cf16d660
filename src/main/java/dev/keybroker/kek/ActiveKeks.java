package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;

/// The ACTIVE public KEK of each keystore.
public interface ActiveKeks {
  /// The keystore's ACTIVE KEK. Fails with [KekFailure]: `UnknownKeystore`, `NoActiveKek` or
  /// `StoreUnavailable`.
  Uni<ActiveKek> active(KeystoreName keystore);
}
