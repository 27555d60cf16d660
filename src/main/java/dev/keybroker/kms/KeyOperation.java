package dev.keybroker.kms;

/// One class of calls of a root key, as one keystore uses it: the unit by which calls are limited
/// and health is kept.
public record KeyOperation(KeyUse use, KmsAction operation) {
  @Override
  public String toString() {
    return operation.tag() + " of " + use.key().arn() + " in " + use.context();
  }
}
