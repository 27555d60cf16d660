package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import io.smallrye.mutiny.Uni;
import java.util.function.Supplier;

/// Changes that ask KMS for a key pair take turns for each keystore, across all brokers: a change
/// that is sent again while the first one is under way finds it made.
public interface ChangeTurns {
  /// The change, once no other one is under way. Fails as it does, or with
  /// [dev.keybroker.kek.KekFailure] (`StoreUnavailable`).
  <T> Uni<T> inTurn(KeystoreName keystore, Supplier<Uni<T>> change);
}
