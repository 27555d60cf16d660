package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsAction;
import io.smallrye.mutiny.Uni;
import java.time.Instant;

/// The status of a keystore's KEKs and root key in the database. Fails with
/// [dev.keybroker.kek.KekFailure] (`UnknownKeystore`, `StoreUnavailable`).
public interface KeystoreStatus {
  /// Records that a KEK became ACTIVE at this time under the settings of this version. Clears an
  /// error of key pair generation and the failed attempts, and plans the next rotation. An error of
  /// kms:Decrypt stays, since a new key pair says nothing about it. If the settings have changed
  /// since, the keystore still needs the KEK that they require.
  Uni<Void> rotated(KeystoreName name, long version, Instant activeTime);

  /// Records that the KEK requested under the settings of this version was made, but that another
  /// one is ACTIVE by now. The keystore no longer needs the requested KEK, and the next rotation is
  /// planned.
  Uni<Void> rotatedBefore(KeystoreName name, long version);

  /// Stores the newest failure of the root key.
  Uni<Void> failed(KeystoreName name, RootKeyError error);

  /// Clears a failure of the root key in this class of operations, or of its role, because a call
  /// that started after it succeeded. Failures of other classes stay.
  Uni<Void> succeeded(KeystoreName name, KmsAction operation, Instant started);
}
