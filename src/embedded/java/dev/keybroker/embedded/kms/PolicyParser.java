package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/// Reads policy documents in the JSON grammar of IAM.
final class PolicyParser {

  private PolicyParser() {}

  /// @throws IllegalArgumentException where the document breaks the grammar; the message says why
  static Policy parse(String document) {
    JsonNode root;
    try {
      root = Json.parse(document);
    } catch (IOException e) {
      throw new IllegalArgumentException("Policy contains invalid json");
    }
    String version = root.path("Version").asText("2012-10-17");
    if (!version.equals("2012-10-17") && !version.equals("2008-10-17")) {
      throw new IllegalArgumentException("The policy must contain a valid version string");
    }
    JsonNode statements = root.path("Statement");
    List<PolicyStatement> parsed = new ArrayList<>();
    if (statements.isObject()) {
      parsed.add(statement(statements));
    } else {
      statements.forEach(statement -> parsed.add(statement(statement)));
    }
    if (parsed.isEmpty()) {
      throw new IllegalArgumentException("Syntax errors in policy: no statement");
    }
    return new Policy(List.copyOf(parsed));
  }

  private static PolicyStatement statement(JsonNode node) {
    String effect = node.path("Effect").asText();
    if (!effect.equals("Allow") && !effect.equals("Deny")) {
      throw new IllegalArgumentException("Syntax errors in policy: invalid Effect");
    }
    if (node.has("NotPrincipal")) {
      throw new IllegalArgumentException("NotPrincipal is not supported");
    }
    boolean notActions = node.has("NotAction");
    List<String> actions = strings(node.path(notActions ? "NotAction" : "Action"));
    if (actions.isEmpty()) {
      throw new IllegalArgumentException("Syntax errors in policy: no Action");
    }
    boolean notResources = node.has("NotResource");
    return new PolicyStatement(
        effect.equals("Allow"),
        principals(node.path("Principal")),
        notActions,
        actions,
        notResources,
        strings(node.path(notResources ? "NotResource" : "Resource")),
        conditions(node.path("Condition")));
  }

  private static List<String> principals(JsonNode node) {
    return strings(node.isTextual() ? node : node.path("AWS"));
  }

  private static List<Predicate<PolicyContext>> conditions(JsonNode node) {
    List<Predicate<PolicyContext>> conditions = new ArrayList<>();
    node.properties()
        .forEach(
            operator ->
                operator
                    .getValue()
                    .properties()
                    .forEach(
                        line ->
                            conditions.add(
                                PolicyCondition.of(
                                    operator.getKey(), line.getKey(), strings(line.getValue())))));
    return List.copyOf(conditions);
  }

  private static List<String> strings(JsonNode node) {
    if (node.isValueNode() && !node.isNull()) {
      return List.of(node.asText());
    }
    List<String> values = new ArrayList<>();
    node.forEach(value -> values.add(value.asText()));
    return List.copyOf(values);
  }
}
