package dev.keybroker.keystore;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kek.KekName;
import dev.keybroker.kms.KeyUse;
import org.jspecify.annotations.Nullable;

/// A private key as it is stored: encrypted, with the use of the KMS key that encrypts it.
///
/// @param encrypted PKCS#8 DER under `rootKey`
/// @param publicKey SubjectPublicKeyInfo, DER
/// @param former the ciphertext of the same private key that an earlier re-encryption has kept and
///     that is already under the key and context that it is moved to; null if there is none
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record StoredPrivateKey(
    KekName kek,
    KeyPairSpec spec,
    KeyUse rootKey,
    byte[] encrypted,
    byte[] publicKey,
    byte @Nullable [] former) {}
