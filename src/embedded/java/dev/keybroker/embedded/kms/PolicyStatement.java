package dev.keybroker.embedded.kms;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

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
record PolicyStatement(
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
    List<Predicate<PolicyContext>> conditions) {

  /// How the principals of a statement match a caller.
  enum Match {
    NONE,
    /// The caller's account is named: the account may delegate to the caller by its own policies.
    ACCOUNT,
    /// The caller itself is named, or everybody.
    DIRECT
  }

  Match principal(Caller caller) {
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
  boolean covers(String action, String resource, PolicyContext context) {
    String wanted = action.toLowerCase(Locale.ROOT);
    boolean actionNamed =
        actions.stream().anyMatch(a -> Glob.matches(a.toLowerCase(Locale.ROOT), wanted));
    boolean resourceNamed =
        resources.isEmpty() || resources.stream().anyMatch(r -> names(r, resource, context));
    return !actions.isEmpty()
        && actionNamed != notActions
        && resourceNamed != notResources
        && conditions.stream().allMatch(condition -> condition.test(context));
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

  private boolean names(String pattern, String resource, PolicyContext context) {
    Glob glob = PolicyText.of(pattern, variables).resolve(context);
    return glob != null && glob.matches(resource);
  }
}
