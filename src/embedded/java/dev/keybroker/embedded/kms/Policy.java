package dev.keybroker.embedded.kms;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/// A policy document, parsed: of a key (key policy), of a role (trust policy), or of a user or role
/// (identity-based policy).
record Policy(List<PolicyStatement> statements) {

  private static final int CACHED = 10_000;
  private static final ConcurrentMap<String, Policy> PARSED = new ConcurrentHashMap<>();

  /// The parsed form of a document that was checked before it was stored.
  static Policy of(String document) {
    Policy known = PARSED.get(document);
    if (known != null) {
      return known;
    }
    if (PARSED.size() >= CACHED) {
      PARSED.clear();
    }
    Policy policy = PolicyParser.parse(document);
    PARSED.put(document, policy);
    return policy;
  }

  /// This policy with the names of principals replaced by their unique ids.
  Policy bound(Map<String, String> ids) {
    return ids.isEmpty()
        ? this
        : new Policy(statements.stream().map(statement -> statement.bound(ids)).toList());
  }

  /// The statements that have an effect in a key policy. AWS takes one without a `Resource`, and
  /// passes it over.
  Policy ofKey() {
    return new Policy(statements.stream().filter(s -> !s.resources().isEmpty()).toList());
  }

  /// What an identity-based policy says: principals play no part.
  boolean says(boolean allow, String action, String resource, PolicyContext context) {
    return statements.stream()
        .anyMatch(s -> s.allow() == allow && s.covers(action, resource, context));
  }

  /// Whether a resource-based policy denies the caller.
  boolean denies(Caller caller, String action, String resource, PolicyContext context) {
    return statements.stream()
        .anyMatch(
            s ->
                !s.allow()
                    && s.principal(caller) != PolicyStatement.Match.NONE
                    && s.covers(action, resource, context));
  }

  /// The best way in which a resource-based policy allows the caller.
  PolicyStatement.Match allows(
      Caller caller, String action, String resource, PolicyContext context) {
    PolicyStatement.Match best = PolicyStatement.Match.NONE;
    for (PolicyStatement statement : statements) {
      if (statement.allow() && statement.covers(action, resource, context)) {
        PolicyStatement.Match match = statement.principal(caller);
        best = match.compareTo(best) > 0 ? match : best;
      }
    }
    return best;
  }
}
