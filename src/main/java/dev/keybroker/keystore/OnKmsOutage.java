package dev.keybroker.keystore;

/// What a wrap does while the root key cannot be used.
public enum OnKmsOutage {
  /// The wrap uses the last known public KEK: no recording is lost.
  WRAP_WITH_LAST_KNOWN_KEK,
  /// The wrap is refused: nothing is encrypted that the tenant could not open.
  FAIL_CLOSED
}
