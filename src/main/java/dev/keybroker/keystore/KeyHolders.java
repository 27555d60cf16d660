package dev.keybroker.keystore;

import io.smallrye.mutiny.Uni;
import java.util.List;

/// Finds the KEKs that need KMS keys, in the database. Fails with [dev.keybroker.kek.KekFailure]
/// (`StoreUnavailable`).
public interface KeyHolders {
  /// Returns the KEKs of a tenant that have a private key.
  Uni<List<KekDetails>> withPrivateKey(String tenant);
}
