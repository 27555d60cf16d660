package dev.keybroker.pipeline;

import dev.keybroker.policy.Arn;
import dev.keybroker.policy.PolicyContext;
import java.util.Set;

/// A service of AWS that calls KMS for a role, and the encryption context that it sends.
///
/// @param service as `kms:ViaService` names it
/// @param serviceKnown whether AWS documents that name for the partition
/// @param contextKey the key of the one pair of the encryption context
/// @param value the value of that pair in one call
/// @param pattern what matches the values of all calls
record KmsCaller(
    String service, boolean serviceKnown, String contextKey, String value, String pattern) {
  private static final Set<String> DOCUMENTED = Set.of("aws", "aws-us-gov");

  /// Firehose adds the time of the delivery to an object's prefix, and a name.
  private static final String OBJECT = "2026/01/01/00/delivery";

  /// A service whose calls all have one value.
  static KmsCaller exactly(String service, Arn where, String contextKey, String value) {
    return new KmsCaller(name(service, where), documented(where), contextKey, value, value);
  }

  /// A service whose calls have values that start with `prefix`.
  static KmsCaller startingWith(String service, Arn where, String contextKey, String prefix) {
    return new KmsCaller(
        name(service, where), documented(where), contextKey, prefix + OBJECT, prefix + "*");
  }

  boolean oneValue() {
    return value.equals(pattern);
  }

  /// The condition key of the pair.
  String conditionKey() {
    return "kms:EncryptionContext:" + contextKey;
  }

  void describe(PolicyContext context) {
    context
        .put("kms:ViaService", service)
        .put("kms:EncryptionContextKeys", contextKey)
        .put(conditionKey(), value)
        .put("aws:ViaAWSService", "true");
  }

  private static String name(String service, Arn where) {
    return service + "." + where.region() + ".amazonaws.com";
  }

  private static boolean documented(Arn where) {
    return DOCUMENTED.contains(where.partition());
  }
}
