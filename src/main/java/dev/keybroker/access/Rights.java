package dev.keybroker.access;

import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The permissions of one caller and their scopes. Filled by one thread, then only read.
final class Rights {
  private final Set<Permission> everywhere = EnumSet.noneOf(Permission.class);
  private final Map<String, Set<Permission>> onTenants = new HashMap<>();
  private final Map<Target, Set<Permission>> onKeystores = new HashMap<>();

  void add(Set<Permission> permissions, Scope scope) {
    held(scope).addAll(permissions);
  }

  private Set<Permission> held(Scope scope) {
    if (scope.tenant() == null) {
      return everywhere;
    }
    if (scope.keystore() == null) {
      return onTenants.computeIfAbsent(scope.tenant(), it -> EnumSet.noneOf(Permission.class));
    }
    return onKeystores.computeIfAbsent(
        new Target(scope.tenant(), scope.keystore()), it -> EnumSet.noneOf(Permission.class));
  }

  boolean hold(Permission permission, Target target) {
    return everywhere.contains(permission)
        || has(onTenants.get(target.tenant()), permission)
        || (target.keystore() != null && has(onKeystores.get(target), permission));
  }

  boolean holdEverywhere(Permission permission) {
    return everywhere.contains(permission);
  }

  /// The tenants that a grant of the permission names.
  Stream<String> tenants(Permission permission) {
    return onTenants.entrySet().stream()
        .filter(held -> held.getValue().contains(permission))
        .map(Map.Entry::getKey);
  }

  private static boolean has(@Nullable Set<Permission> permissions, Permission permission) {
    return permissions != null && permissions.contains(permission);
  }
}
