package dev.keybroker.policy;

import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;

/// The test that one line of a statement's `Condition` stands for: an operator, a condition key,
/// and the values to compare with.
///
/// @param keys what the test reads, in lower case: the condition key, and the policy variables in
///     the values
public record PolicyCondition(Set<String> keys, Predicate<PolicyContext> test) {

  private static final String IF_EXISTS = "IfExists";

  /// The operators that hold when their counterpart does not.
  private static final Map<String, String> NEGATED =
      Map.of(
          "StringNotEquals", "StringEquals",
          "StringNotEqualsIgnoreCase", "StringEqualsIgnoreCase",
          "StringNotLike", "StringLike",
          "ArnNotEquals", "ArnEquals",
          "ArnNotLike", "ArnLike",
          "NumericNotEquals", "NumericEquals",
          "DateNotEquals", "DateEquals",
          "NotIpAddress", "IpAddress");

  public PolicyCondition {
    keys = Set.copyOf(keys);
  }

  /// @param variables whether the document is of a version that has policy variables
  /// @throws MalformedPolicyException if the operator or a value is not understood
  static PolicyCondition of(String operator, String key, List<String> values, boolean variables) {
    Predicate<PolicyContext> test = test(operator, key, values, variables);
    Set<String> keys = new HashSet<>(Set.of(key.toLowerCase(Locale.ROOT)));
    if (PolicyComparison.takesVariables(operator)) {
      values.forEach(value -> keys.addAll(PolicyText.of(value, variables).variables()));
    }
    return new PolicyCondition(keys, test);
  }

  private static Predicate<PolicyContext> test(
      String operator, String key, List<String> values, boolean variables) {
    if (operator.equals("Null")) {
      return absence(key, values);
    }
    int colon = operator.indexOf(':') + 1;
    String quantifier = operator.substring(0, colon);
    String name = operator.substring(colon);
    boolean ifExists = name.endsWith(IF_EXISTS);
    if (ifExists) {
      name = name.substring(0, name.length() - IF_EXISTS.length());
    }
    boolean negated = NEGATED.containsKey(name);
    String comparison = NEGATED.getOrDefault(name, name);
    if (!PolicyComparison.OPERATORS.contains(comparison)) {
      throw MalformedPolicyException.unknownOperator(operator);
    }
    List<PolicyComparison> comparisons =
        values.stream().map(value -> PolicyComparison.of(comparison, value, variables)).toList();
    return switch (quantifier) {
      case "ForAllValues:" ->
          context ->
              context.get(key).stream()
                  .allMatch(given -> negated != any(comparisons, context, given));
      case "ForAnyValue:" ->
          context -> some(context, key, comparisons, negated, /* ifAbsent= */ ifExists);
      case "" -> context -> some(context, key, comparisons, negated, ifExists || negated);
      default -> throw MalformedPolicyException.unknownOperator(operator);
    };
  }

  private static boolean some(
      PolicyContext context,
      String key,
      List<PolicyComparison> comparisons,
      boolean negated,
      boolean ifAbsent) {
    List<String> given = context.get(key);
    return given.isEmpty()
        ? ifAbsent
        : given.stream().anyMatch(value -> negated != any(comparisons, context, value));
  }

  private static boolean any(
      List<PolicyComparison> comparisons, PolicyContext context, String given) {
    return comparisons.stream().anyMatch(comparison -> comparison.holds(context, given));
  }

  private static Predicate<PolicyContext> absence(String key, List<String> values) {
    List<Boolean> wanted =
        values.stream()
            .map(
                value ->
                    switch (value.toLowerCase(Locale.ROOT)) {
                      case "true" -> true;
                      case "false" -> false;
                      default -> throw MalformedPolicyException.syntax("Null takes true or false");
                    })
            .toList();
    return context -> wanted.contains(context.get(key).isEmpty());
  }
}
