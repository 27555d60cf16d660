package dev.keybroker.keystore;

import dev.keybroker.crypto.WrappingKey;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekOrigin;
import dev.keybroker.kms.KmsArn;

/// A generated key pair that is about to become a keystore's ACTIVE KEK.
///
/// @param encryptedPrivateKey PKCS#8 DER under the KMS key
/// @param rootKeyArn the key ARN that KMS reported
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record NewKek(
    KekName name,
    KekOrigin origin,
    WrappingKey publicKey,
    byte[] encryptedPrivateKey,
    KmsArn rootKeyArn) {}
