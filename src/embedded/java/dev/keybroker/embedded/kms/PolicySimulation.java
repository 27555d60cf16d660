package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Policy;
import dev.keybroker.policy.PolicyContext;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// SimulatePrincipalPolicy: what the policies of a user or role say of actions on resources, with
/// the context keys of the request.
final class PolicySimulation {

  private final LocalState state;
  private final PolicyCheck check;

  PolicySimulation(LocalState state) {
    this.state = state;
    this.check = new PolicyCheck(state, message -> new AwsException("InvalidInput", message));
  }

  Map<String, Object> run(QueryRequest request) {
    String source = request.required("PolicySourceArn");
    List<Policy> policies = new ArrayList<>();
    policies(source).forEach(document -> policies.add(ParsedPolicies.of(document)));
    for (String document : request.list("PolicyInputList")) {
      check.identityPolicy(document);
      policies.add(ParsedPolicies.of(document));
    }
    PolicyContext context = new PolicyContext();
    for (Map<String, String> entry : request.structures("ContextEntries")) {
      context.put(
          entry.getOrDefault("ContextKeyName", ""), QueryRequest.list(entry, "ContextKeyValues"));
    }
    List<String> resources = request.list("ResourceArns");
    List<Map<String, Object>> results = new ArrayList<>();
    for (String action : request.list("ActionNames")) {
      for (String resource : resources.isEmpty() ? List.of("*") : resources) {
        results.add(result(policies, action, resource, context));
      }
    }
    if (results.isEmpty()) {
      throw new AwsException("ValidationError", "ActionNames must not be empty");
    }
    return Map.of("IsTruncated", "false", "EvaluationResults", results);
  }

  private Collection<String> policies(String source) {
    User user = state.users.get(source);
    Role role = state.roles.get(source);
    if (user == null && role == null) {
      throw IamErrors.missing("entity", source);
    }
    return user != null ? user.policies().values() : policies(role);
  }

  private static Collection<String> policies(@Nullable Role role) {
    return role == null ? List.of() : role.policies().values();
  }

  private static Map<String, Object> result(
      List<Policy> policies, String action, String resource, PolicyContext context) {
    boolean denied = policies.stream().anyMatch(p -> p.says(false, action, resource, context));
    boolean allowed = policies.stream().anyMatch(p -> p.says(true, action, resource, context));
    Map<String, Object> result = new LinkedHashMap<>();
    result.put("EvalActionName", action);
    result.put("EvalResourceName", resource);
    result.put("EvalDecision", denied ? "explicitDeny" : allowed ? "allowed" : "implicitDeny");
    result.put("MatchedStatements", List.of());
    result.put("MissingContextValues", List.of());
    return result;
  }
}
