package dev.keybroker.keystore;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsKey;
import org.jspecify.annotations.Nullable;

/// The intent to generate a KEK, written before the call of KMS.
///
/// @param version the version of the keystore's settings that the other fields come from
/// @param rootKey the key as the keystore names it, possibly by an alias
/// @param requestId makes retries idempotent: the same id names the same KEK; null if the caller
///     gave none
public record KekIntent(
    KeystoreName keystore,
    long version,
    KeyPairSpec spec,
    KmsKey rootKey,
    KmsContext kmsContext,
    @Nullable String requestId) {}
