package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a grant allows: operations, and under which encryption context.
///
/// @param contextEquals the encryption context the request must have; null if there is no bound
/// @param contextSubset pairs the request's context must hold; null if there is no bound
record GrantTerms(
    List<String> operations,
    @Nullable Map<String, String> contextEquals,
    @Nullable Map<String, String> contextSubset) {

  /// What a CreateGrant request asks for.
  static GrantTerms of(KmsRequest request) {
    JsonNode constraints = request.body().path("Constraints");
    return new GrantTerms(
        request.texts("Operations"),
        pairs(constraints, "EncryptionContextEquals"),
        pairs(constraints, "EncryptionContextSubset"));
  }

  /// The constraints' names, as `kms:GrantConstraintType` has them.
  List<String> constraintTypes() {
    List<String> types = new ArrayList<>();
    if (contextEquals != null) {
      types.add("EncryptionContextEquals");
    }
    if (contextSubset != null) {
      types.add("EncryptionContextSubset");
    }
    return types;
  }

  /// All pairs that the constraints name.
  Map<String, String> context() {
    Map<String, String> context = new TreeMap<>();
    if (contextEquals != null) {
      context.putAll(contextEquals);
    }
    if (contextSubset != null) {
      context.putAll(contextSubset);
    }
    return context;
  }

  /// Whether `child` allows no more than these terms: its operations are among these, and its
  /// constraints are at least as strict.
  boolean cover(GrantTerms child) {
    return operations.containsAll(child.operations())
        && (contextEquals == null || contextEquals.equals(child.contextEquals()))
        && (contextSubset == null
            || holds(child.contextEquals(), contextSubset)
            || holds(child.contextSubset(), contextSubset));
  }

  private static boolean holds(@Nullable Map<String, String> context, Map<String, String> pairs) {
    return context != null && context.entrySet().containsAll(pairs.entrySet());
  }

  private static @Nullable Map<String, String> pairs(JsonNode constraints, String member) {
    Map<String, String> pairs = KmsRequest.pairs(constraints.path(member));
    return pairs.isEmpty() ? null : pairs;
  }
}
