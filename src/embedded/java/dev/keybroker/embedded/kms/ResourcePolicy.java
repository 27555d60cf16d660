package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.keybroker.policy.Policy;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/// A key policy or a trust policy, with the users and roles that its principals meant when it was
/// put. AWS keeps their unique ids: a role that is deleted and made anew under its name is another
/// one, and the policy shows the old one's id from then on.
///
/// @param document the policy as it was put
/// @param ids the unique ids of the users and roles that it names, by ARN
record ResourcePolicy(String document, Map<String, String> ids) {

  private static final int CACHED = 10_000;
  private static final ConcurrentMap<ResourcePolicy, Policy> BOUND = new ConcurrentHashMap<>();

  @JsonCreator
  ResourcePolicy(
      @JsonProperty("document") String document, @JsonProperty("ids") Map<String, String> ids) {
    this.document = document;
    this.ids = Map.copyOf(ids);
  }

  /// A policy whose principals are matched by name alone.
  @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
  static ResourcePolicy unbound(String document) {
    return new ResourcePolicy(document, Map.of());
  }

  Policy policy() {
    Policy known = BOUND.get(this);
    if (known != null) {
      return known;
    }
    if (BOUND.size() >= CACHED) {
      BOUND.clear();
    }
    Policy bound = ParsedPolicies.of(document).bound(ids);
    BOUND.put(this, bound);
    return bound;
  }

  /// The policy as AWS shows it: users and roles that are gone appear by their unique ids.
  ///
  /// @param present the unique ids of those that exist now, by ARN
  String shown(Map<String, String> present) {
    Map<String, String> gone = new HashMap<>(ids);
    gone.entrySet().removeIf(id -> id.getValue().equals(present.get(id.getKey())));
    if (gone.isEmpty()) {
      return document;
    }
    try {
      JsonNode root = Json.parse(document);
      for (JsonNode statement :
          root.path("Statement").isArray()
              ? root.path("Statement")
              : Json.object().putArray("one").add(root.path("Statement"))) {
        if (statement.path("Principal") instanceof ObjectNode principal && principal.has("AWS")) {
          principal.set("AWS", renamed(principal.path("AWS"), gone));
        }
      }
      return root.toString();
    } catch (IOException e) {
      throw new IllegalStateException("a stored policy cannot be read", e);
    }
  }

  private static JsonNode renamed(JsonNode names, Map<String, String> gone) {
    if (!names.isArray()) {
      return TextNode.valueOf(gone.getOrDefault(names.asText(), names.asText()));
    }
    ArrayNode renamed = Json.object().putArray("names");
    names.forEach(name -> renamed.add(gone.getOrDefault(name.asText(), name.asText())));
    return renamed;
  }
}
