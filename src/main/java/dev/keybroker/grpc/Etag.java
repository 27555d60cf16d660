package dev.keybroker.grpc;

import org.jspecify.annotations.Nullable;

/// The etag of a keystore: its version in hexadecimal digits. Opaque to clients.
final class Etag {
  /// A version that no keystore has, so it never matches.
  private static final long NONE = -1;

  private Etag() {}

  /// Empty for a keystore that is not saved.
  static String of(long version) {
    return version == 0 ? "" : Long.toHexString(version);
  }

  /// Null if the etag is empty.
  static @Nullable Long version(String etag) {
    if (etag.isEmpty()) {
      return null;
    }
    try {
      long version = Long.parseLong(etag, 16);
      // Accept only one spelling: parseLong also accepts signs, leading zeros, capitals and digits
      // of any script.
      return of(version).equals(etag) ? version : NONE;
    } catch (NumberFormatException e) {
      return NONE;
    }
  }
}
