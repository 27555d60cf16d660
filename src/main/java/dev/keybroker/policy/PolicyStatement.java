package dev.keybroker.policy;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/// One statement of a policy.
///
/// @param sid the statement's name; empty if it has none
/// @param named whether the statement has a `Principal`
/// @param principals the `AWS` principals; empty in an identity-based policy, or if the statement
///     names principals of other kinds only
/// @param outsiders the services and identity providers among its principals
/// @param actions empty if the statement names none, and so says nothing
/// @param notActions whether `actions` are those the statement does not name
/// @param resources empty in a trust policy, which is about its role only
/// @param notResources whether `resources` are those the statement does not name
/// @param variables whether `${…}` in a resource is a policy variable
public record PolicyStatement(
    String sid,
    boolean allow,
    boolean named,
    List<String> principals,
    List<String> outsiders,
    boolean notActions,
    List<String> actions,
    boolean notResources,
    List<String> resources,
    boolean variables,
    List<PolicyCondition> conditions) {

  /// How the principals of a statement match a caller.
  public enum Match {
    NONE,
    /// The caller's account is named: the account may delegate to the caller by its own policies.
    ACCOUNT,
    /// The caller itself is named, or everybody.
    DIRECT
  }

  public Match principal(Requester caller) {
    if (caller.isOutsideIam()) {
      // Stricter than AWS may be: an Allow has to name a service or a provider, not everybody.
      boolean named = outsiders.contains(caller.arn()) || (!allow && principals.contains("*"));
      return named ? Match.DIRECT : Match.NONE;
    }
    Match best = Match.NONE;
    for (String principal : principals) {
      if (principal.equals("*") || caller.is(principal)) {
        return Match.DIRECT;
      }
      if (principal.equals(caller.account()) || principal.equals(caller.accountArn())) {
        best = Match.ACCOUNT;
      }
    }
    return best;
  }

  /// Whether the statement is about this action on this resource under these conditions.
  public boolean covers(String action, String resource, PolicyContext context) {
    String wanted = action.toLowerCase(Locale.ROOT);
    boolean actionNamed =
        actions.stream().anyMatch(a -> Glob.matches(a.toLowerCase(Locale.ROOT), wanted));
    boolean resourceNamed =
        resources.isEmpty() || resources.stream().anyMatch(r -> names(r, resource, context));
    return !actions.isEmpty()
        && actionNamed != notActions
        && resourceNamed != notResources
        && conditions.stream().allMatch(condition -> condition.test().test(context));
  }

  /// This statement with the names of principals replaced by their unique ids.
  PolicyStatement bound(Map<String, String> ids) {
    return new PolicyStatement(
        sid,
        allow,
        named,
        principals.stream().map(name -> ids.getOrDefault(name, name)).toList(),
        outsiders,
        notActions,
        actions,
        notResources,
        resources,
        variables,
        conditions);
  }

  Set<String> keysOutside(Predicate<String> known) {
    return Stream.concat(
            conditions.stream().flatMap(condition -> condition.keys().stream()),
            resourceVariables().stream())
        .filter(key -> !known.test(key))
        .collect(Collectors.toSet());
  }

  private Set<String> resourceVariables() {
    return resources.stream()
        .flatMap(resource -> PolicyText.of(resource, variables).variables().stream())
        .collect(Collectors.toSet());
  }

  /// This statement with what is unknown decided for or against the caller: without its unknown
  /// conditions if that makes it hold, otherwise no statement.
  Optional<PolicyStatement> supposing(Predicate<String> known, boolean favourable) {
    if (keysOutside(known).isEmpty()) {
      return Optional.of(this);
    }
    if (allow != favourable) {
      return Optional.empty();
    }
    boolean resourcesKnown = resourceVariables().stream().allMatch(known);
    return Optional.of(
        new PolicyStatement(
            sid,
            allow,
            named,
            principals,
            outsiders,
            notActions,
            actions,
            resourcesKnown && notResources,
            resourcesKnown ? resources : List.of("*"),
            variables,
            conditions.stream().filter(c -> c.keys().stream().allMatch(known)).toList()));
  }

  private boolean names(String pattern, String resource, PolicyContext context) {
    Glob glob = PolicyText.of(pattern, variables).resolve(context);
    return glob != null && glob.matches(resource);
  }
}
