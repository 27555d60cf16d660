package dev.keybroker.policy;

/// A policy document that cannot be read whole. The message may quote the document, as AWS's
/// messages do; [#problem()] does not.
public final class MalformedPolicyException extends IllegalArgumentException {
  private final String problem;

  private MalformedPolicyException(String message, String problem) {
    super(message);
    this.problem = problem;
  }

  static MalformedPolicyException of(String problem) {
    return new MalformedPolicyException(problem, problem);
  }

  static MalformedPolicyException syntax(String problem) {
    return quoting(problem, "");
  }

  /// @param quote what the message adds to the problem, taken from the document
  static MalformedPolicyException quoting(String problem, String quote) {
    return new MalformedPolicyException("Syntax errors in policy: " + problem + quote, problem);
  }

  /// This problem, in a statement of a document.
  ///
  /// @param number counted from 1
  MalformedPolicyException inStatement(int number) {
    return new MalformedPolicyException(
        String.valueOf(getMessage()), "statement " + number + ": " + problem);
  }

  static MalformedPolicyException unknownOperator(String operator) {
    return new MalformedPolicyException(
        "Invalid Condition type : " + operator, "unknown condition operator");
  }

  /// Says what is wrong, and in which statement, without text of the document.
  public String problem() {
    return problem;
  }
}
