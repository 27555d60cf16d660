package dev.keybroker.keystore;

/// What a wrap does while the root key cannot be used.
public enum OnKmsOutage {
  /// Goes on under the last known public KEK: no recording is lost.
  WRAP_WITH_LAST_KNOWN_KEK,
  /// Is refused: nothing is encrypted that the tenant could not open.
  FAIL_CLOSED
}
