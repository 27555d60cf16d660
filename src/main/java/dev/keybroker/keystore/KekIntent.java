package dev.keybroker.keystore;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KeyUse;
import org.jspecify.annotations.Nullable;

/// The intent to generate a KEK, written before the call of KMS.
///
/// @param version the version of the keystore's settings that the other fields come from
/// @param rootKey the use of the key as the keystore names it, possibly by an alias
/// @param requestId makes retries idempotent: the same id names the same KEK; null if the caller
///     gave none
public record KekIntent(
    KeystoreName keystore,
    long version,
    KeyPairSpec spec,
    KeyUse rootKey,
    @Nullable String requestId) {}
