package dev.keybroker.access;

import java.util.Locale;

/// What a call costs the broker: each kind is limited by itself.
enum Load {
  WRAP,
  UNWRAP,
  CONTROL;

  static Load of(Permission permission) {
    return switch (permission) {
      case DEK_WRAP, KEK_PUBLIC -> WRAP;
      case DEK_UNWRAP, DEK_REWRAP -> UNWRAP;
      case KEYSTORE_VIEW, KEYSTORE_EDIT, AUDIT_VIEW -> CONTROL;
    };
  }

  String tag() {
    return name().toLowerCase(Locale.ROOT);
  }
}
