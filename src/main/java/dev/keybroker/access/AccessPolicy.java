package dev.keybroker.access;

/// Says what a caller may do. Decides from memory, at once and without allocating; thread-safe.
public interface AccessPolicy {
  /// Allows everything: for a broker that asks nobody who he is.
  AccessPolicy OPEN = (caller, permission, target) -> true;

  /// Whether the caller has the permission on the target. A permission on a tenant holds on each of
  /// its keystores; one on a keystore holds there alone.
  boolean allows(Caller caller, Permission permission, Target target);

  /// Reads the grants again from where they are kept. Never fails: on an error the grants that are
  /// in force stay.
  default void reload() {}
}
