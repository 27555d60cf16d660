package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsKey;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.List;

/// The grants that may no longer be needed, in the database: those by which a private key or a
/// former ciphertext was decrypted that is erased by now, and those whose retirement failed. Fails
/// with [dev.keybroker.kek.KekFailure] (`StoreUnavailable`).
public interface GrantRetirements {
  /// Adds a grant that a keystore no longer uses, to be retired later. Has no effect if it is
  /// known.
  Uni<Void> add(KeystoreName keystore, KmsKey key);

  /// Looks at up to `limit` grants that are due, and returns those that nothing of the tenant
  /// needs: no private key, no former ciphertext, no keystore, and no re-encryption in progress.
  /// None of them is due again before this time is over, for any broker.
  Uni<List<Unneeded>> claim(int limit, Duration again);

  /// Forgets a grant.
  Uni<Void> end(KmsKey key);

  /// Plans the next attempt after one that failed.
  Uni<Void> retry(Unneeded grant, Duration delay);

  /// A grant to retire.
  ///
  /// @param keystore one that used it
  /// @param key the key by its key ARN, and the grant
  /// @param failures how many attempts have failed
  record Unneeded(KeystoreName keystore, KmsKey key, int failures) {}
}
