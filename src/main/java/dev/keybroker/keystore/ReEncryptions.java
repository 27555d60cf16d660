package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsArn;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// The re-encryptions of private keys in the database. All times are by its clock. Fails with
/// [KeystoreFailure] or [dev.keybroker.kek.KekFailure] (`UnknownKeystore`, `StoreUnavailable`).
///
/// A re-encryption that is handed out is leased: no other broker gets it before the lease ends. No
/// lease is needed for safety, because a private key is replaced only if it is still the one that
/// was moved.
public interface ReEncryptions {
  /// Starts the move of a keystore's private keys. Returns the one of this request id, if there is
  /// one, or the one that is in progress to the same target. One to another target ends as failed.
  ///
  /// @param requestId null if the caller gave none
  Uni<ReEncryption> start(KeystoreName keystore, KeyUse target, @Nullable String requestId);

  /// Returns the private keys of a keystore.
  Uni<List<StoredPrivateKey>> privateKeys(KeystoreName keystore);

  /// Hands out up to `limit` re-encryptions that are due.
  Uni<List<Work>> claim(int limit, Duration lease);

  /// Extends the lease.
  Uni<Void> renew(UUID reEncryption, Duration lease);

  /// Returns up to `limit` private keys that are not moved yet, except those that it could not
  /// move.
  Uni<List<StoredPrivateKey>> next(UUID reEncryption, int limit);

  /// Replaces a private key by the same one under the target, and keeps the former ciphertext. If
  /// the target was named by an alias, it is this key from now on. Returns false, and changes
  /// nothing, if the private key is no longer the one that was moved.
  ///
  /// @param encrypted the private key under the target
  /// @param keyArn the key ARN that KMS reported
  Uni<Boolean> replace(
      UUID reEncryption, StoredPrivateKey privateKey, byte[] encrypted, KmsArn keyArn);

  /// Records that private keys cannot be moved: this one and those affected with it.
  Uni<Void> refuse(
      UUID reEncryption, StoredPrivateKey privateKey, Affected affected, RootKeyError error);

  /// Records a failure that passes, and plans the next attempt by the number of failures.
  Uni<Void> pause(UUID reEncryption, RootKeyError error, Function<Integer, Duration> backoff);

  /// Counts what is done. If nothing is left to move, ends the re-encryption, but not as completed
  /// before every broker has had the time to see the last change. Otherwise, hands it on.
  ///
  /// @param spread how long a change takes to be seen by every broker
  /// @param kept how long former ciphertexts are kept after the end
  /// @return the re-encryption if this call ended it; null otherwise
  Uni<ReEncryption> settle(Work work, Duration spread, Duration kept);

  /// Erases up to `limit` former ciphertexts whose time is over, and returns how many.
  Uni<Integer> eraseDue(int limit);

  /// A re-encryption to work on.
  ///
  /// @param target the use of the new root key, which may be named by an alias
  record Work(UUID id, KeystoreName keystore, KeyUse target) {}

  /// Which private keys cannot be moved if one cannot.
  enum Affected {
    /// That one only.
    ONE,
    /// All that are encrypted by the same use of a KMS key, except those with a kept ciphertext.
    SAME_KEY,
    /// All.
    ALL
  }
}
