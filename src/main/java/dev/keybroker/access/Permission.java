package dev.keybroker.access;

/// The permissions that a caller can have. None implies another.
public enum Permission {
  DEK_WRAP("dek.wrap"),
  DEK_UNWRAP("dek.unwrap"),
  DEK_REWRAP("dek.rewrap"),
  /// To have a DEK sealed to a recipient outside the tenant.
  DEK_EXPORT("dek.export"),
  /// To read the public key of a KEK.
  KEK_PUBLIC("kek.public"),
  KEYSTORE_VIEW("keystore.view"),
  KEYSTORE_EDIT("keystore.edit"),
  AUDIT_VIEW("audit.view");

  private final String id;

  Permission(String id) {
    this.id = id;
  }

  /// Its name in the access file, e.g. `dek.wrap`.
  public String id() {
    return id;
  }
}
