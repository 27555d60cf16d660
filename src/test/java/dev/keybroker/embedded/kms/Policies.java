package dev.keybroker.embedded.kms;

/// Policy documents for tests.
final class Policies {

  private Policies() {}

  /// A policy of the given statements.
  static String of(String... statements) {
    return "{\"Version\":\"2012-10-17\",\"Statement\":[" + String.join(",", statements) + "]}";
  }

  /// A statement of a resource-based policy.
  static String statement(String effect, String principal, String action) {
    return statement(effect, principal, action, "{}");
  }

  /// A statement of a resource-based policy, with conditions.
  static String statement(String effect, String principal, String action, String condition) {
    return """
    {"Effect":"%s","Principal":{"AWS":"%s"},"Action":"%s","Resource":"*","Condition":%s}\
    """
        .formatted(effect, principal, action, condition);
  }

  /// A statement of a trust policy.
  static String trust(String principal, String condition) {
    return """
    {"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole","Condition":%s}\
    """
        .formatted(principal, condition);
  }

  /// A statement of an identity-based policy.
  static String identity(String effect, String action, String resource) {
    return """
    {"Effect":"%s","Action":"%s","Resource":"%s"}\
    """
        .formatted(effect, action, resource);
  }

  /// The statement that leaves a key to its account's own policies.
  static String rootOf(String account) {
    return statement("Allow", "arn:aws:iam::" + account + ":root", "kms:*");
  }
}
