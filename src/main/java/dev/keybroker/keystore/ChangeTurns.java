package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import io.smallrye.mutiny.Uni;
import java.util.function.Supplier;

/// Lets changes that request a key pair from KMS take turns for each keystore, across all brokers.
/// If a change is sent again while the first one is under way, the second finds it made.
public interface ChangeTurns {
  /// Runs the change once no other one is under way. Fails as the change does, or with
  /// [dev.keybroker.kek.KekFailure] (`StoreUnavailable`).
  <T> Uni<T> inTurn(KeystoreName keystore, Supplier<Uni<T>> change);
}
