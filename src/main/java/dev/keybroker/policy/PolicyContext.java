package dev.keybroker.policy;

import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The values of the condition keys of one request. The names of condition keys are not
/// case-sensitive.
public final class PolicyContext {

  private final Map<String, List<String>> values = new HashMap<>();

  /// The keys that every request has.
  public static PolicyContext of(Requester caller, String region) {
    PolicyContext context = new PolicyContext();
    caller.facts().forEach(context::put);
    return context
        .put("aws:PrincipalArn", caller.identityArn())
        .put("aws:PrincipalAccount", caller.account())
        .put(
            "aws:PrincipalType",
            switch (caller.kind()) {
              case ROOT -> "Account";
              case USER -> "User";
              case SESSION -> "AssumedRole";
              case SERVICE, FEDERATED, ANONYMOUS -> "Anonymous";
            })
        .put("aws:userid", caller.userId())
        .put("aws:RequestedRegion", region);
  }

  public PolicyContext put(String key, String value) {
    return put(key, List.of(value));
  }

  public PolicyContext put(String key, Collection<String> several) {
    values.put(key.toLowerCase(Locale.ROOT), List.copyOf(several));
    return this;
  }

  /// The values of `key`; empty where the request has none.
  public List<String> get(String key) {
    return values.getOrDefault(key.toLowerCase(Locale.ROOT), List.of());
  }
}
