package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsAction;
import io.smallrye.mutiny.Uni;
import java.time.Instant;

/// What a keystore tells of its KEKs and its root key, as the database keeps it. Fails with
/// [dev.keybroker.kek.KekFailure] (`UnknownKeystore`, `StoreUnavailable`).
public interface KeystoreStatus {
  /// A KEK became ACTIVE at this time under the settings of this version: an error of making key
  /// pairs and the failed attempts are cleared, the next rotation is planned. An error of
  /// kms:Decrypt stays, since a new key pair says nothing about it. Where the settings have
  /// changed since, the KEK that they want is still wanted.
  Uni<Void> rotated(KeystoreName name, long version, Instant activeTime);

  /// The KEK that was asked for under the settings of this version was made, and another one is
  /// ACTIVE by now: it is not wanted any more, and the next rotation is planned.
  Uni<Void> rotatedBefore(KeystoreName name, long version);

  /// Keeps the newest failure of the root key.
  Uni<Void> failed(KeystoreName name, RootKeyError error);

  /// Forgets a failure of the root key in this class of operations, or of its role, since a call
  /// succeeded that began after it. Failures of other classes stay.
  Uni<Void> succeeded(KeystoreName name, KmsAction operation, Instant begun);
}
