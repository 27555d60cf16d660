package dev.keybroker.kms;

/// One class of calls to a root key by one keystore: the unit for which calls are limited and
/// health is tracked.
public record KeyOperation(KeyUse use, KmsAction operation) {
  @Override
  public String toString() {
    return operation.tag() + " of " + use.key().arn() + " in " + use.context();
  }
}
