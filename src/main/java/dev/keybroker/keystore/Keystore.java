package dev.keybroker.keystore;

import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsArn;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A keystore as it is saved.
///
/// @param version counts the saves; the etag is derived from it
/// @param activeKek null until the first KEK is generated
/// @param activeKekTime when that KEK became ACTIVE
/// @param activeKekRootKey the key, never an alias, that encrypts that KEK's private key
/// @param updateTime when the settings last changed
/// @param nextRotationTime when the next KEK is due; null if only a caller makes one
/// @param lastError the newest failure of the root key; null once a later call succeeded
/// @param failingSince the first failure since a call succeeded; null without a `lastError`, and if
///     an earlier version noted it
/// @param deleteTime when its last KEK is destroyed; null if no deletion is scheduled
/// @param reEncryption the last re-encryption of its KEKs; null if there was none
public record Keystore(
    KeystoreName name,
    KeystoreSettings settings,
    long version,
    @Nullable KekName activeKek,
    @Nullable Instant activeKekTime,
    @Nullable KmsArn activeKekRootKey,
    Instant createTime,
    Instant updateTime,
    @Nullable Instant nextRotationTime,
    @Nullable RootKeyError lastError,
    @Nullable Instant failingSince,
    @Nullable Instant deleteTime,
    @Nullable ReEncryption reEncryption) {
  /// Returns the keystore with another last re-encryption.
  public Keystore with(ReEncryption newReEncryption) {
    return new Keystore(
        name,
        settings,
        version,
        activeKek,
        activeKekTime,
        activeKekRootKey,
        createTime,
        updateTime,
        nextRotationTime,
        lastError,
        failingSince,
        deleteTime,
        newReEncryption);
  }
}
