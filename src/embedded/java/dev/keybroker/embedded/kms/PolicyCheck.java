package dev.keybroker.embedded.kms;

import java.util.function.Function;

/// Checks a policy document before it is stored, as AWS does: its grammar, and that the users and
/// roles it names as principals exist.
final class PolicyCheck {

  private PolicyCheck() {}

  /// @param malformed makes the refusal from its message
  static void resourcePolicy(
      LocalState state, String document, Function<String, AwsException> malformed) {
    for (PolicyStatement statement : parse(document, malformed).statements()) {
      for (String principal : statement.principals()) {
        if (!exists(state, principal)) {
          throw malformed.apply("Policy contains a statement with one or more invalid principals.");
        }
      }
    }
  }

  static void identityPolicy(String document, Function<String, AwsException> malformed) {
    for (PolicyStatement statement : parse(document, malformed).statements()) {
      if (!statement.principals().isEmpty()) {
        throw malformed.apply("Policy document should not specify a principal.");
      }
      if (statement.resources().isEmpty()) {
        throw malformed.apply("Policy statement must contain resources.");
      }
    }
  }

  /// Whether `principal` is everybody, an account, or a user, role or session that can exist.
  static boolean exists(LocalState state, String principal) {
    if (principal.equals("*") || Arn.isAccount(principal)) {
      return true;
    }
    Arn arn = Arn.parse(principal);
    if (arn == null || !Arn.isAccount(arn.account())) {
      return false;
    }
    if (arn.service().equals("sts") && arn.resource().startsWith("assumed-role/")) {
      String[] parts = arn.resource().split("/", -1);
      return parts.length == 3
          && state.roles.values().stream()
              .anyMatch(r -> r.account().equals(arn.account()) && r.name().equals(parts[1]));
    }
    return arn.service().equals("iam")
        && (arn.resource().equals("root")
            || state.users.containsKey(principal)
            || state.roles.containsKey(principal));
  }

  private static Policy parse(String document, Function<String, AwsException> malformed) {
    try {
      return PolicyParser.parse(document);
    } catch (IllegalArgumentException e) {
      throw malformed.apply(String.valueOf(e.getMessage()));
    }
  }
}
