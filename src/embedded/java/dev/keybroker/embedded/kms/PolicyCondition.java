package dev.keybroker.embedded.kms;

import java.util.List;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.Predicate;

/// Makes the test that one line of a statement's `Condition` stands for: an operator, a condition
/// key, and the values to compare with.
final class PolicyCondition {

  private static final Set<String> NEGATED =
      Set.of(
          "StringNotEquals",
          "StringNotEqualsIgnoreCase",
          "StringNotLike",
          "ArnNotEquals",
          "ArnNotLike");

  private PolicyCondition() {}

  /// @throws IllegalArgumentException where the operator is not known
  static Predicate<PolicyContext> of(String operator, String key, List<String> values) {
    if (operator.equals("Null")) {
      boolean absent = values.contains("true");
      return context -> context.get(key).isEmpty() == absent;
    }
    String name = operator.substring(operator.indexOf(':') + 1);
    boolean ifExists = name.endsWith("IfExists");
    if (ifExists) {
      name = name.substring(0, name.length() - "IfExists".length());
    }
    boolean negated = NEGATED.contains(name);
    BiPredicate<String, String> match = match(name);
    Predicate<String> accepts =
        given -> negated != values.stream().anyMatch(value -> match.test(value, given));
    String quantifier = operator.substring(0, operator.indexOf(':') + 1);
    return switch (quantifier) {
      case "ForAllValues:" -> context -> context.get(key).stream().allMatch(accepts);
      case "ForAnyValue:" -> context -> any(context.get(key), accepts, ifExists);
      case "" -> context -> any(context.get(key), accepts, ifExists || negated);
      default -> throw new IllegalArgumentException("Invalid Condition type : " + operator);
    };
  }

  private static boolean any(List<String> given, Predicate<String> accepts, boolean ifAbsent) {
    return given.isEmpty() ? ifAbsent : given.stream().anyMatch(accepts);
  }

  private static BiPredicate<String, String> match(String operator) {
    return switch (operator) {
      case "StringEquals", "StringNotEquals" -> String::equals;
      case "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "Bool" ->
          String::equalsIgnoreCase;
      case "StringLike", "StringNotLike", "ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals" ->
          Glob::matches;
      case "NumericEquals" -> (want, is) -> number(is) == number(want);
      case "NumericLessThan" -> (want, is) -> number(is) < number(want);
      case "NumericLessThanEquals" -> (want, is) -> number(is) <= number(want);
      case "NumericGreaterThan" -> (want, is) -> number(is) > number(want);
      case "NumericGreaterThanEquals" -> (want, is) -> number(is) >= number(want);
      default -> throw new IllegalArgumentException("Invalid Condition type : " + operator);
    };
  }

  private static double number(String text) {
    try {
      return Double.parseDouble(text);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }
}
