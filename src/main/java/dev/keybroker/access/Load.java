package dev.keybroker.access;

import java.util.Locale;

/// The kinds of load that a call puts on the broker. Each kind has its own rate limit.
enum Load {
  WRAP,
  UNWRAP,
  CONTROL;

  static Load of(Permission permission) {
    return switch (permission) {
      case DEK_WRAP, KEK_PUBLIC -> WRAP;
      case DEK_UNWRAP, DEK_REWRAP, DEK_EXPORT -> UNWRAP;
      case KEYSTORE_VIEW, KEYSTORE_EDIT, AUDIT_VIEW -> CONTROL;
    };
  }

  String tag() {
    return name().toLowerCase(Locale.ROOT);
  }
}
