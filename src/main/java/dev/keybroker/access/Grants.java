package dev.keybroker.access;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/// The grants of an access file. What is not granted is denied.
final class Grants implements AccessPolicy {
  /// All SPIFFE ids that start with a prefix.
  private record Below(String prefix, Rights rights) {}

  private final Map<Caller, Rights> exact;
  private final Below[] below;

  private Grants(Map<Caller, Rights> exact, List<Below> below) {
    this.exact = exact;
    this.below = below.toArray(Below[]::new);
  }

  @Override
  public boolean allows(Caller caller, Permission permission, Target target) {
    Rights own = exact.get(caller);
    if (own != null && own.hold(permission, target)) {
      return true;
    }
    if (caller.kind() == Caller.Kind.SPIFFE) {
      for (Below path : below) {
        if (caller.subject().startsWith(path.prefix) && path.rights.hold(permission, target)) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  public Reach reach(Caller caller, Permission permission) {
    List<Rights> held = new ArrayList<>();
    Rights own = exact.get(caller);
    if (own != null) {
      held.add(own);
    }
    if (caller.kind() == Caller.Kind.SPIFFE) {
      for (Below path : below) {
        if (caller.subject().startsWith(path.prefix)) {
          held.add(path.rights);
        }
      }
    }
    if (held.stream().anyMatch(rights -> rights.holdEverywhere(permission))) {
      return Reach.EVERYWHERE;
    }
    return new Reach(
        false,
        held.stream()
            .flatMap(rights -> rights.tenants(permission))
            .collect(Collectors.toUnmodifiableSet()));
  }

  /// The number of callers; a path counts as one.
  int callers() {
    return exact.size() + below.length;
  }

  /// Collects grants. Not thread-safe.
  static final class Builder {
    private final Map<Caller, Rights> exact = new HashMap<>();
    private final Map<String, Rights> below = new HashMap<>();

    void grant(CallerPattern caller, Set<Permission> permissions, Scope scope) {
      Rights rights =
          caller.prefix()
              ? below.computeIfAbsent(caller.subject(), prefix -> new Rights())
              : exact.computeIfAbsent(
                  new Caller(caller.kind(), caller.subject()), exactly -> new Rights());
      rights.add(permissions, scope);
    }

    int prefixes() {
      return below.size();
    }

    Grants build() {
      List<Below> paths = new ArrayList<>();
      below.forEach((prefix, rights) -> paths.add(new Below(prefix, rights)));
      return new Grants(Map.copyOf(exact), paths);
    }
  }
}
