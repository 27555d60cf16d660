package dev.keybroker.policy;

import java.util.Arrays;
import java.util.Base64;
import java.util.Set;
import java.util.function.BiPredicate;
import java.util.function.DoublePredicate;
import java.util.function.LongPredicate;
import java.util.function.Predicate;

/// Compares a value of a request with one value of a policy.
interface PolicyComparison {

  /// The condition operators, without quantifier, negation and `IfExists`.
  Set<String> OPERATORS =
      Set.of(
          "StringEquals",
          "StringEqualsIgnoreCase",
          "StringLike",
          "ArnEquals",
          "ArnLike",
          "Bool",
          "BinaryEquals",
          "IpAddress",
          "NumericEquals",
          "NumericLessThan",
          "NumericLessThanEquals",
          "NumericGreaterThan",
          "NumericGreaterThanEquals",
          "DateEquals",
          "DateLessThan",
          "DateLessThanEquals",
          "DateGreaterThan",
          "DateGreaterThanEquals");

  boolean holds(PolicyContext context, String given);

  /// Reads a value of a policy.
  ///
  /// @param operator one of [#OPERATORS]
  /// @throws MalformedPolicyException if the operator is not known, or does not take the value
  static PolicyComparison of(String operator, String value, boolean variables) {
    return switch (operator) {
      case "StringEquals" -> text(value, variables, (glob, given) -> glob.text().equals(given));
      case "StringEqualsIgnoreCase" ->
          text(value, variables, (glob, given) -> glob.text().equalsIgnoreCase(given));
      case "StringLike" -> text(value, variables, Glob::matches);
      case "ArnEquals", "ArnLike" -> text(value, variables, ArnPattern::matches);
      case "Bool" -> of(value::equalsIgnoreCase);
      case "BinaryEquals" -> binary(value);
      case "IpAddress" -> of(IpRange.parse(value)::contains);
      case "NumericEquals",
          "NumericLessThan",
          "NumericLessThanEquals",
          "NumericGreaterThan",
          "NumericGreaterThanEquals" ->
          number(number(value, operator), operator);
      case "DateEquals",
          "DateLessThan",
          "DateLessThanEquals",
          "DateGreaterThan",
          "DateGreaterThanEquals" ->
          date(PolicyTime.parse(value), operator);
      default -> throw MalformedPolicyException.unknownOperator(operator);
    };
  }

  /// Whether values of the operator, with quantifier and all, may hold policy variables.
  static boolean takesVariables(String operator) {
    return operator.contains("String") || operator.contains("Arn");
  }

  private static PolicyComparison of(Predicate<String> test) {
    return (context, given) -> test.test(given);
  }

  /// A value whose variables are filled in at each request. A variable without a value there equals
  /// nothing and is like nothing.
  private static PolicyComparison text(
      String value, boolean variables, BiPredicate<Glob, String> test) {
    PolicyText text = PolicyText.of(value, variables);
    return (context, given) -> {
      Glob glob = text.resolve(context);
      return glob != null && test.test(glob, given);
    };
  }

  private static PolicyComparison binary(String value) {
    byte[] wanted = bytes(value);
    return of(
        given -> {
          try {
            return Arrays.equals(wanted, Base64.getDecoder().decode(given));
          } catch (IllegalArgumentException e) {
            return false;
          }
        });
  }

  private static byte[] bytes(String value) {
    try {
      return Base64.getDecoder().decode(value);
    } catch (IllegalArgumentException e) {
      throw MalformedPolicyException.syntax("BinaryEquals takes Base64");
    }
  }

  private static PolicyComparison number(double wanted, String operator) {
    DoublePredicate test =
        switch (operator) {
          case "NumericEquals" -> is -> is == wanted;
          case "NumericLessThan" -> is -> is < wanted;
          case "NumericLessThanEquals" -> is -> is <= wanted;
          case "NumericGreaterThan" -> is -> is > wanted;
          default -> is -> is >= wanted;
        };
    return of(
        given -> {
          try {
            return test.test(Double.parseDouble(given));
          } catch (NumberFormatException e) {
            return false;
          }
        });
  }

  private static double number(String value, String operator) {
    try {
      return Double.parseDouble(value);
    } catch (NumberFormatException e) {
      throw MalformedPolicyException.quoting(operator + " takes a number", ", not " + value);
    }
  }

  private static PolicyComparison date(long wanted, String operator) {
    LongPredicate test =
        switch (operator) {
          case "DateEquals" -> is -> is == wanted;
          case "DateLessThan" -> is -> is < wanted;
          case "DateLessThanEquals" -> is -> is <= wanted;
          case "DateGreaterThan" -> is -> is > wanted;
          default -> is -> is >= wanted;
        };
    return of(
        given -> {
          try {
            return test.test(PolicyTime.parse(given));
          } catch (IllegalArgumentException e) {
            return false;
          }
        });
  }
}
