package dev.keybroker.crypto;

import org.jspecify.annotations.Nullable;

/// The algorithm that encapsulates the 32-byte secret of a wrapped DEK under a KEK; `id` is the
/// byte that names it in the format.
public enum Encapsulation {
  /// RFC 8017 RSAES-OAEP with SHA-256, MGF1 with SHA-256, empty label.
  RSAES_OAEP_SHA256((byte) 1),
  /// RFC 9180 base mode, export-only, with the suite of the KEK's curve.
  HPKE((byte) 2);

  private final byte id;

  Encapsulation(byte id) {
    this.id = id;
  }

  public byte id() {
    return id;
  }

  /// The encapsulation that the second byte of a wrapped DEK names; null if it names none.
  public static @Nullable Encapsulation ofId(byte id) {
    return switch (id) {
      case 1 -> RSAES_OAEP_SHA256;
      case 2 -> HPKE;
      default -> null;
    };
  }
}
