package dev.keybroker.access;

import java.util.Set;

/// The tenants on which a caller has a permission. Permissions on single keystores do not count.
///
/// @param everywhere whether that is every tenant
/// @param tenants if not everywhere, the ids of the tenants
public record Reach(boolean everywhere, Set<String> tenants) {
  static final Reach EVERYWHERE = new Reach(true, Set.of());
  static final Reach NOWHERE = new Reach(false, Set.of());

  public Reach {
    tenants = Set.copyOf(tenants);
  }

  public boolean isNowhere() {
    return !everywhere && tenants.isEmpty();
  }
}
