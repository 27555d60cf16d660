package dev.keybroker.kms;

/// A new key pair whose private half KMS has encrypted.
///
/// @param publicKey SubjectPublicKeyInfo, DER
/// @param encryptedPrivateKey PKCS#8 DER under the KMS key, opaque
/// @param keyArn the key ARN that KMS reported, never an alias
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record GeneratedKeyPair(byte[] publicKey, byte[] encryptedPrivateKey, KmsArn keyArn) {}
