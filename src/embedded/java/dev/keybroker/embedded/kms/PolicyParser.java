package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// Reads policy documents in the JSON grammar of IAM.
///
/// What it does not understand it refuses: a condition that were passed over would admit more than
/// the document says.
final class PolicyParser {

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private PolicyParser() {}

  /// @throws IllegalArgumentException where the document breaks the grammar; the message says why
  static Policy parse(String document) {
    JsonNode root;
    try {
      root = JSON.readTree(document);
    } catch (IOException e) {
      throw new IllegalArgumentException("Policy contains invalid json");
    }
    String version = root.path("Version").asText("2012-10-17");
    if (!version.equals("2012-10-17") && !version.equals("2008-10-17")) {
      throw new IllegalArgumentException("The policy must contain a valid version string");
    }
    JsonNode statements = root.path("Statement");
    List<PolicyStatement> parsed = new ArrayList<>();
    for (JsonNode statement : statements.isArray() ? statements : List.of(statements)) {
      parsed.add(statement(object(statement, "Statement")));
    }
    if (parsed.isEmpty()) {
      throw malformed("no statement");
    }
    return new Policy(List.copyOf(parsed));
  }

  private static PolicyStatement statement(JsonNode node) {
    String effect = node.path("Effect").asText();
    if (!effect.equals("Allow") && !effect.equals("Deny")) {
      throw malformed("invalid Effect");
    }
    if (node.has("NotPrincipal")) {
      throw new IllegalArgumentException("NotPrincipal is not supported");
    }
    boolean notActions = isNegated(node, "Action");
    List<String> actions = strings(node.path(notActions ? "NotAction" : "Action"));
    if (actions.isEmpty()) {
      throw malformed("no Action");
    }
    boolean notResources = isNegated(node, "Resource");
    JsonNode resource = node.path(notResources ? "NotResource" : "Resource");
    List<String> resources = strings(resource);
    if (resources.isEmpty() && !resource.isMissingNode()) {
      throw malformed("no Resource");
    }
    return new PolicyStatement(
        effect.equals("Allow"),
        principals(node.path("Principal")),
        notActions,
        actions,
        notResources,
        resources,
        conditions(node.path("Condition")));
  }

  private static boolean isNegated(JsonNode statement, String element) {
    boolean negated = statement.has("Not" + element);
    if (negated && statement.has(element)) {
      throw malformed(element + " and Not" + element);
    }
    return negated;
  }

  private static List<String> principals(JsonNode node) {
    if (node.isTextual() && node.textValue().equals("*")) {
      return List.of("*");
    }
    return node.isMissingNode() ? List.of() : strings(object(node, "Principal").path("AWS"));
  }

  private static List<Predicate<PolicyContext>> conditions(JsonNode node) {
    List<Predicate<PolicyContext>> conditions = new ArrayList<>();
    if (!node.isMissingNode()) {
      for (Map.Entry<String, JsonNode> operator : object(node, "Condition").properties()) {
        for (Map.Entry<String, JsonNode> line :
            object(operator.getValue(), operator.getKey()).properties()) {
          conditions.add(
              PolicyCondition.of(operator.getKey(), line.getKey(), strings(line.getValue())));
        }
      }
    }
    return List.copyOf(conditions);
  }

  private static JsonNode object(JsonNode node, String name) {
    if (!node.isObject()) {
      throw malformed("invalid " + name);
    }
    return node;
  }

  /// One value or a list of them; none where the node is missing.
  private static List<String> strings(JsonNode node) {
    if (node.isMissingNode()) {
      return List.of();
    }
    List<String> values = new ArrayList<>();
    for (JsonNode value : node.isArray() ? node : List.of(node)) {
      if (!value.isValueNode() || value.isNull()) {
        throw malformed("neither a value nor a list of values");
      }
      values.add(value.asText());
    }
    return List.copyOf(values);
  }

  private static IllegalArgumentException malformed(String reason) {
    return new IllegalArgumentException("Syntax errors in policy: " + reason);
  }
}
