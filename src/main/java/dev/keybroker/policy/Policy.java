package dev.keybroker.policy;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/// A policy document, parsed: of a key (key policy), of a role (trust policy), or of a user or role
/// (identity-based policy).
public record Policy(List<PolicyStatement> statements) {

  public Policy {
    statements = List.copyOf(statements);
  }

  /// Reads a document in the JSON grammar of IAM.
  ///
  /// @throws MalformedPolicyException if it breaks the grammar, or has something that this package
  ///     cannot evaluate
  public static Policy parse(String document) {
    return PolicyParser.parse(document);
  }

  /// This policy with the names of principals replaced by their unique ids.
  public Policy bound(Map<String, String> ids) {
    return ids.isEmpty()
        ? this
        : new Policy(statements.stream().map(statement -> statement.bound(ids)).toList());
  }

  /// The statements that have an effect in a key policy. AWS takes one without a `Resource`, and
  /// passes it over.
  public Policy ofKey() {
    return new Policy(statements.stream().filter(s -> !s.resources().isEmpty()).toList());
  }

  /// What an identity-based policy says: principals play no part.
  public boolean says(boolean allow, String action, String resource, PolicyContext context) {
    return statements.stream()
        .anyMatch(s -> s.allow() == allow && s.covers(action, resource, context));
  }

  /// Whether a resource-based policy denies the caller.
  public boolean denies(Requester caller, String action, String resource, PolicyContext context) {
    return statements.stream()
        .anyMatch(
            s ->
                !s.allow()
                    && s.principal(caller) != PolicyStatement.Match.NONE
                    && s.covers(action, resource, context));
  }

  /// The best way in which a resource-based policy allows the caller.
  public PolicyStatement.Match allows(
      Requester caller, String action, String resource, PolicyContext context) {
    PolicyStatement.Match best = PolicyStatement.Match.NONE;
    for (PolicyStatement statement : statements) {
      if (statement.allow() && statement.covers(action, resource, context)) {
        PolicyStatement.Match match = statement.principal(caller);
        best = match.compareTo(best) > 0 ? match : best;
      }
    }
    return best;
  }

  /// The condition keys that this policy asks for and `known` does not cover, in lower case.
  public Set<String> keysOutside(Predicate<String> known) {
    Set<String> keys = new TreeSet<>();
    statements.forEach(statement -> keys.addAll(statement.keysOutside(known)));
    return keys;
  }

  /// This policy for somebody who does not know every value of the request: conditions on keys that
  /// `known` does not cover turn out for the caller, or all against.
  ///
  /// @param known by the key in lower case
  public Policy supposing(Predicate<String> known, boolean favourable) {
    return new Policy(
        statements.stream().flatMap(s -> s.supposing(known, favourable).stream()).toList());
  }
}
