package dev.keybroker.embedded.kms;

import org.jspecify.annotations.Nullable;

/// What a KMS key is for good, from its creation on.
///
/// @param origin `AWS_KMS`, `EXTERNAL`, `AWS_CLOUDHSM` or `EXTERNAL_KEY_STORE`
/// @param keyManager `CUSTOMER`, or `AWS` for an AWS managed key
/// @param customKeyStoreId the custom key store; null for a key outside one
/// @param xksKeyId the external key's id; null unless the origin is `EXTERNAL_KEY_STORE`
record KeyAttributes(
    String keySpec,
    String keyUsage,
    String origin,
    String keyManager,
    @Nullable String customKeyStoreId,
    @Nullable String xksKeyId) {

  boolean inCustomKeyStore() {
    return origin.equals("AWS_CLOUDHSM") || origin.equals("EXTERNAL_KEY_STORE");
  }

  /// Whether the key's material is imported.
  boolean imported() {
    return origin.equals("EXTERNAL");
  }

  boolean awsManaged() {
    return keyManager.equals("AWS");
  }
}
