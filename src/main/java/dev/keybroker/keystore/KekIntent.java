package dev.keybroker.keystore;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsKey;
import org.jspecify.annotations.Nullable;

/// The intent to generate a KEK, written before KMS is asked.
///
/// @param version of the keystore's settings, which the rest follows
/// @param rootKey the key as the keystore names it, perhaps by an alias
/// @param requestId the same id again is the same KEK; null where the caller gave none
public record KekIntent(
    KeystoreName keystore,
    long version,
    KeyPairSpec spec,
    KmsKey rootKey,
    KmsContext kmsContext,
    @Nullable String requestId) {}
