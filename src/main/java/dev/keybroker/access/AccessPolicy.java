package dev.keybroker.access;

/// Decides what a caller may do, from memory, without blocking or allocating. Thread-safe.
public interface AccessPolicy {
  /// Allows everything: for a broker that does not authenticate callers.
  AccessPolicy OPEN =
      new AccessPolicy() {
        @Override
        public boolean allows(Caller caller, Permission permission, Target target) {
          return true;
        }

        @Override
        public Reach reach(Caller caller, Permission permission) {
          return Reach.EVERYWHERE;
        }
      };

  /// Whether the caller has the permission on the target. A permission on a tenant applies to each
  /// of its keystores; a permission on a keystore applies only there.
  boolean allows(Caller caller, Permission permission, Target target);

  /// The tenants on which the caller has the permission.
  default Reach reach(Caller caller, Permission permission) {
    return Reach.NOWHERE;
  }

  /// Reads the grants again from their source. Never fails: on an error, the grants in force stay.
  default void reload() {}
}
