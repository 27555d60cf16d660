package dev.keybroker.embedded.kms;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;

/// Makes the test that one line of a statement's `Condition` stands for: an operator, a condition
/// key, and the values to compare with.
final class PolicyCondition {

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

  private PolicyCondition() {}

  /// @param variables whether the document is of a version that has policy variables
  /// @throws IllegalArgumentException if the operator or a value is not understood
  static Predicate<PolicyContext> of(
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
      throw PolicyComparison.unknown(operator);
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
      default -> throw PolicyComparison.unknown(operator);
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
                      default ->
                          throw new IllegalArgumentException(
                              "Syntax errors in policy: Null takes true or false");
                    })
            .toList();
    return context -> wanted.contains(context.get(key).isEmpty());
  }
}
