package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Arn;
import dev.keybroker.policy.Policy;
import dev.keybroker.policy.PolicyStatement;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;

/// Checks a policy document before it is stored, as AWS does: its grammar, what a policy of its
/// kind may say, and that the users and roles it names as principals exist.
final class PolicyCheck {

  private static final Pattern ACTION = Pattern.compile("\\*|[A-Za-z0-9-]+:[A-Za-z0-9*?_-]+");
  private static final Pattern OUTSIDER =
      Pattern.compile(
          "[a-z0-9.-]+\\.amazonaws\\.com(\\.cn)?"
              + "|arn:aws[a-z-]*:iam::\\d{12}:(oidc|saml)-provider/.+"
              + "|cognito-identity\\.amazonaws\\.com|accounts\\.google\\.com|www\\.amazon\\.com"
              + "|graph\\.facebook\\.com");
  private static final Pattern SID = Pattern.compile("[0-9A-Za-z]*");

  private final LocalState state;
  private final Function<String, AwsException> malformed;

  /// @param malformed makes the refusal from its message
  PolicyCheck(LocalState state, Function<String, AwsException> malformed) {
    this.state = state;
    this.malformed = malformed;
  }

  /// A key policy. As in AWS, a statement without `Action` or `Resource` is accepted and has no
  /// effect.
  ResourcePolicy keyPolicy(String document) {
    Policy policy = parse(document);
    for (PolicyStatement statement : policy.statements()) {
      if (!statement.named()) {
        throw malformed.apply("Policy contains a statement with no principal.");
      }
    }
    return new ResourcePolicy(document, principals(policy));
  }

  /// The trust policy of a role.
  ResourcePolicy trustPolicy(String document) {
    Policy policy = parse(document);
    sids(policy);
    for (PolicyStatement statement : policy.statements()) {
      actions(statement);
      if (!statement.named()) {
        throw malformed.apply("Missing required field Principal");
      }
      if (!statement.resources().isEmpty()) {
        throw malformed.apply("Has prohibited field Resource");
      }
      for (String outsider : statement.outsiders()) {
        if (!OUTSIDER.matcher(outsider).matches()) {
          throw malformed.apply("Invalid principal in policy: " + outsider);
        }
      }
      for (String action : statement.actions()) {
        if (!action.toLowerCase(Locale.ROOT).startsWith("sts:")) {
          throw malformed.apply("AssumeRole policy may only specify STS AssumeRole actions.");
        }
      }
    }
    return new ResourcePolicy(document, principals(policy));
  }

  /// The policy of a user, a role or a session.
  void identityPolicy(String document) {
    Policy policy = parse(document);
    sids(policy);
    for (PolicyStatement statement : policy.statements()) {
      if (statement.named()) {
        throw malformed.apply("Policy document should not specify a principal.");
      }
      actions(statement);
      if (statement.resources().isEmpty()) {
        throw malformed.apply("Policy statement must contain resources.");
      }
      for (String resource : statement.resources()) {
        if (!resource.equals("*") && !resource.startsWith("arn:")) {
          throw malformed.apply("Resource " + resource + " must be in ARN format or \"*\".");
        }
      }
    }
  }

  private void actions(PolicyStatement statement) {
    if (statement.actions().isEmpty()) {
      throw malformed.apply("Policy statement must contain actions.");
    }
    for (String action : statement.actions()) {
      if (!ACTION.matcher(action).matches()) {
        throw malformed.apply(
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
      }
    }
  }

  private void sids(Policy policy) {
    Set<String> seen = new HashSet<>();
    for (PolicyStatement statement : policy.statements()) {
      if (!SID.matcher(statement.sid()).matches()) {
        throw malformed.apply(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the"
                + " regular expression [0-9A-Za-z]*");
      }
      if (!statement.sid().isEmpty() && !seen.add(statement.sid())) {
        throw malformed.apply("Statement IDs (SID) in a single policy must be unique.");
      }
    }
  }

  /// The unique ids of the users and roles that the policy names.
  private Map<String, String> principals(Policy policy) {
    Map<String, String> ids = new HashMap<>();
    for (PolicyStatement statement : policy.statements()) {
      for (String principal : statement.principals()) {
        if (!exists(state, principal)) {
          throw malformed.apply("Policy contains a statement with one or more invalid principals.");
        }
        String id = state.entityId(principal);
        if (id != null) {
          ids.put(principal, id);
        }
      }
    }
    return ids;
  }

  /// Whether `principal` is everybody, an account, or a user, role or session that can exist.
  static boolean exists(LocalState state, String principal) {
    if (principal.equals("*") || Arn.isAccount(principal)) {
      return true;
    }
    Arn arn = Arn.parse(principal);
    if (arn == null) {
      return state.entityIds().containsValue(principal);
    }
    if (!Arn.isAccount(arn.account()) || !arn.partition().equals(state.partition(arn.account()))) {
      return false;
    }
    if (arn.service().equals("sts") && arn.resource().startsWith("assumed-role/")) {
      List<String> parts = List.of(arn.resource().split("/", -1));
      return parts.size() == 3
          && state.roles.values().stream()
              .anyMatch(r -> r.account().equals(arn.account()) && r.name().equals(parts.get(1)));
    }
    return arn.service().equals("iam")
        && (arn.resource().equals("root") || state.entityId(principal) != null);
  }

  private Policy parse(String document) {
    try {
      return Policy.parse(document);
    } catch (IllegalArgumentException e) {
      throw malformed.apply(String.valueOf(e.getMessage()));
    }
  }
}
