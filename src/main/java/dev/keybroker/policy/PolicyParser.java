package dev.keybroker.policy;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

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

  private static final String VERSION = "2012-10-17";
  private static final String OLD_VERSION = "2008-10-17";
  private static final Set<String> DOCUMENT = Set.of("Version", "Id", "Statement");
  private static final Set<String> STATEMENT =
      Set.of(
          "Sid",
          "Effect",
          "Principal",
          "NotPrincipal",
          "Action",
          "NotAction",
          "Resource",
          "NotResource",
          "Condition");
  private static final Set<String> PRINCIPALS =
      Set.of("AWS", "Service", "Federated", "CanonicalUser");

  private PolicyParser() {}

  /// @throws MalformedPolicyException if the document breaks the grammar
  static Policy parse(String document) {
    JsonNode root;
    try {
      root = JSON.readTree(document);
    } catch (IOException e) {
      throw MalformedPolicyException.of("Policy contains invalid json");
    }
    known(object(root, "policy"), DOCUMENT);
    // AWS takes a document without a version for one of the old version.
    String version = root.path("Version").asText(OLD_VERSION);
    if (!version.equals(VERSION) && !version.equals(OLD_VERSION)) {
      throw MalformedPolicyException.of("The policy must contain a valid version string");
    }
    boolean variables = version.equals(VERSION);
    JsonNode statements = root.path("Statement");
    List<PolicyStatement> parsed = new ArrayList<>();
    for (JsonNode statement : statements.isArray() ? statements : List.of(statements)) {
      try {
        parsed.add(statement(object(statement, "Statement"), variables));
      } catch (MalformedPolicyException e) {
        throw e.inStatement(parsed.size() + 1);
      }
    }
    if (parsed.isEmpty()) {
      throw malformed("no statement");
    }
    return new Policy(parsed);
  }

  private static PolicyStatement statement(JsonNode node, boolean variables) {
    known(node, STATEMENT);
    String effect = node.path("Effect").asText();
    if (!effect.equals("Allow") && !effect.equals("Deny")) {
      throw malformed("invalid Effect");
    }
    if (node.has("NotPrincipal")) {
      throw MalformedPolicyException.of("NotPrincipal is not supported");
    }
    boolean notActions = isNegated(node, "Action");
    JsonNode action = node.path(notActions ? "NotAction" : "Action");
    List<String> actions = strings(action);
    if (actions.isEmpty() && !action.isMissingNode()) {
      throw malformed("no Action");
    }
    boolean notResources = isNegated(node, "Resource");
    JsonNode resource = node.path(notResources ? "NotResource" : "Resource");
    List<String> resources = strings(resource);
    if (resources.isEmpty() && !resource.isMissingNode()) {
      throw malformed("no Resource");
    }
    for (String pattern : resources) {
      PolicyText.of(pattern, variables);
    }
    JsonNode sid = node.path("Sid");
    if (!sid.isMissingNode() && !sid.isTextual()) {
      throw malformed("invalid Sid");
    }
    return new PolicyStatement(
        sid.asText(),
        effect.equals("Allow"),
        node.has("Principal"),
        principals(node.path("Principal")),
        outsiders(node.path("Principal")),
        notActions,
        actions,
        notResources,
        resources,
        variables,
        conditions(node.path("Condition"), variables));
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
    if (node.isMissingNode()) {
      return List.of();
    }
    known(object(node, "Principal"), PRINCIPALS);
    return strings(node.path("AWS"));
  }

  private static List<String> outsiders(JsonNode node) {
    List<String> names = new ArrayList<>(strings(node.path("Service")));
    names.addAll(strings(node.path("Federated")));
    return List.copyOf(names);
  }

  private static List<PolicyCondition> conditions(JsonNode node, boolean variables) {
    List<PolicyCondition> conditions = new ArrayList<>();
    if (!node.isMissingNode()) {
      for (Map.Entry<String, JsonNode> operator : object(node, "Condition").properties()) {
        for (Map.Entry<String, JsonNode> line :
            object(operator.getValue(), "condition operator").properties()) {
          conditions.add(
              PolicyCondition.of(
                  operator.getKey(), line.getKey(), strings(line.getValue()), variables));
        }
      }
    }
    return List.copyOf(conditions);
  }

  /// Refuses an element that the grammar does not know: misspelt, it would be passed over.
  private static void known(JsonNode node, Set<String> elements) {
    for (Map.Entry<String, JsonNode> element : node.properties()) {
      if (!elements.contains(element.getKey())) {
        throw MalformedPolicyException.quoting("unknown element", " " + element.getKey());
      }
    }
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

  private static MalformedPolicyException malformed(String problem) {
    return MalformedPolicyException.syntax(problem);
  }
}
