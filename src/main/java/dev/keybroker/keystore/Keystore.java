package dev.keybroker.keystore;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kek.KeystoreName;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A keystore as it is saved.
///
/// @param privateKekLifetime 0 s to 900 s
/// @param version counts the saves; the etag is made of it
/// @param nextRotationTime null where the rotation period is NEVER
/// @param lastError the newest failure of the root key; null once a later call succeeded
public record Keystore(
    KeystoreName name,
    String displayName,
    RootKey rootKey,
    KeyPairSpec keyPairSpec,
    RotationPeriod rotationPeriod,
    Duration privateKekLifetime,
    OnKmsOutage onKmsOutage,
    long version,
    Instant createTime,
    Instant updateTime,
    @Nullable Instant nextRotationTime,
    @Nullable RootKeyError lastError) {}
