package dev.keybroker.embedded.kms;

/// Refuses keys whose state or kind does not fit an operation.
final class KeyChecks {

  private KeyChecks() {}

  /// `key`, if it is enabled and is a symmetric encryption key.
  static KmsKey usableForEncryption(KmsKey key, String operation) {
    enabled(key);
    if (!key.symmetric()) {
      String usage = key.attributes().keyUsage();
      throw usage.equals("ENCRYPT_DECRYPT")
          ? KmsErrors.keySpecNotValid(key.arn(), key.attributes().keySpec())
          : KmsErrors.invalidKeyUsage(key.arn(), usage, operation);
    }
    return key;
  }

  static void enabled(KmsKey key) {
    grantable(key);
    if (key.state() == KeyState.UNAVAILABLE) {
      throw KmsErrors.invalidState(key.arn() + " is unavailable.");
    }
  }

  /// A key that can be given a grant: one that is enabled, or whose key store is not connected.
  static void grantable(KmsKey key) {
    hasMaterial(key);
    if (key.state() == KeyState.DISABLED) {
      throw KmsErrors.disabled(key.arn());
    }
  }

  /// A key that is neither pending deletion nor waiting for its material.
  static void hasMaterial(KmsKey key) {
    notPendingDeletion(key);
    if (key.state() == KeyState.PENDING_IMPORT) {
      throw KmsErrors.invalidState(key.arn() + " is pending import.");
    }
  }

  static void notPendingDeletion(KmsKey key) {
    if (key.state().pendingDeletion()) {
      throw KmsErrors.pendingDeletion(key.arn());
    }
  }
}
