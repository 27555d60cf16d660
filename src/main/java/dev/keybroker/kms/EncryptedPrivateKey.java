package dev.keybroker.kms;

/// A private key under a KMS key.
///
/// @param ciphertext opaque
/// @param keyArn the key ARN that KMS reported, never an alias
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record EncryptedPrivateKey(byte[] ciphertext, KmsArn keyArn) {}
