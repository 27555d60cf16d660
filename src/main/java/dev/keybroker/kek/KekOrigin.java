package dev.keybroker.kek;

/// Where a KEK's key pair was generated.
public enum KekOrigin {
  /// By `kms:GenerateDataKeyPairWithoutPlaintext`: no broker saw the private key during generation.
  KMS_GENERATED,
  /// In the broker, which had `kms:Encrypt` encrypt the private key and then wiped it: for KMS keys
  /// in custom key stores.
  BROKER_GENERATED
}
