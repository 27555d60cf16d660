package dev.keybroker.kms;

/// A KMS key as one keystore uses it. What KMS answers to one use need not hold for another one: a
/// key policy may tell them apart by their encryption contexts.
///
/// @param key by its key ARN, never an alias
public record KeyUse(KmsKey key, KmsContext context) {}
