package dev.keybroker.embedded.kms;

/// The state of a KMS key, with the name that DescribeKey reports.
enum KeyState {
  ENABLED("Enabled"),
  DISABLED("Disabled"),
  PENDING_DELETION("PendingDeletion"),
  /// A multi-Region primary key that waits until its last replica is gone.
  PENDING_REPLICA_DELETION("PendingReplicaDeletion"),
  /// A key for imported material that has none.
  PENDING_IMPORT("PendingImport"),
  /// A key of a custom key store that is not connected.
  UNAVAILABLE("Unavailable");

  private final String wireName;

  KeyState(String wireName) {
    this.wireName = wireName;
  }

  String wireName() {
    return wireName;
  }

  boolean pendingDeletion() {
    return this == PENDING_DELETION || this == PENDING_REPLICA_DELETION;
  }
}
