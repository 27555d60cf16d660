package dev.keybroker.grpc;

import org.jspecify.annotations.Nullable;

/// The etag of a keystore: its version in hexadecimal digits. Opaque to clients.
final class Etag {
  /// Belongs to no keystore, so it never matches.
  private static final long NONE = -1;

  private Etag() {}

  /// Empty for a keystore that is not saved.
  static String of(long version) {
    return version == 0 ? "" : Long.toHexString(version);
  }

  /// Null where the etag is empty.
  static @Nullable Long version(String etag) {
    if (etag.isEmpty()) {
      return null;
    }
    try {
      long version = Long.parseLong(etag, 16);
      // One spelling only: parseLong also takes signs, zeros in front, capitals, digits of any
      // script.
      return of(version).equals(etag) ? version : NONE;
    } catch (NumberFormatException e) {
      return NONE;
    }
  }
}
