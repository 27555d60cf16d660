package dev.keybroker.kek;

/// Where a KEK's key pair was made.
public enum KekOrigin {
  /// By `kms:GenerateDataKeyPairWithoutPlaintext`: no broker saw the private key at that time.
  KMS_GENERATED,
  /// In the broker, its private key through `kms:Encrypt` and wiped: for KMS keys in custom key
  /// stores.
  BROKER_GENERATED
}
