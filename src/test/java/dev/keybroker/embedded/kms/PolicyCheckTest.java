package dev.keybroker.embedded.kms;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.kms.KmsClient;

/// Documents that AWS refuses to store, and those that it stores without effect.
@SuppressWarnings("NullAway.Init") // set before each test
class PolicyCheckTest extends LocalKmsTestCase {

  private IamClient iam;

  @BeforeEach
  void makeClient() {
    iam = iam(user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS));
  }

  @Test
  void keyPolicy_withTypographicQuotes_isRefused() {
    String key = newKey();
    String policy = admin.getKeyPolicy(r -> r.keyId(key)).policy();
    String pasted = policy.replaceFirst("\"Version\"", "\u201cVersion\u201d");
    assertRefused(
        "ValidationException",
        "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must"
            + " satisfy regular expression pattern: [\\u0009\\u000A\\u000D\\u0020-\\u00FF]+",
        () -> admin.putKeyPolicy(r -> r.keyId(key).policy(pasted)));
  }

  @Test
  void keyPolicy_tooLong_isRefused() {
    String key = newKey();
    String policy = admin.getKeyPolicy(r -> r.keyId(key)).policy();
    assertCode(
        "LimitExceededException",
        () -> admin.putKeyPolicy(r -> r.keyId(key).policy(policy + " ".repeat(32_768))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "Effect":"Allow","Action":"kms:*","Resource":"*"
          "Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/*"},"Action":"kms:*","Resource":"*"
          "Effect":"Allow","Principal":{"AWS":"AROA0000000000000000"},"Action":"kms:*","Resource":"*"
          "Effect":"Allow","Principle":{"AWS":"*"},"Action":"kms:*","Resource":"*"
          "Effect":"allow","Principal":{"AWS":"*"},"Action":"kms:*","Resource":"*"
          """)
  void keyPolicy_malformed_isRefused(String statement) {
    String key = newKey();
    assertCode(
        "MalformedPolicyDocumentException",
        () ->
            admin.putKeyPolicy(
                r ->
                    r.keyId(key)
                        .policy(Policies.of(Policies.rootOf(TENANT), "{" + statement + "}"))));
  }

  @ParameterizedTest
  @CsvSource({"'\"Action\":\"kms:DescribeKey\"'", "'\"Resource\":\"*\"'"})
  void keyPolicyStatement_withoutResourceOrAction_isStoredWithoutEffect(String rest) {
    String statement =
        "{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::%s:user/caller\"},%s}"
            .formatted(TENANT, rest);
    try (KmsClient caller = kms(user(TENANT, "caller", null))) {
      String key = newKey(Policies.of(Policies.rootOf(TENANT), statement));
      assertCode("AccessDeniedException", () -> caller.describeKey(r -> r.keyId(key)));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "Action":"kms:*","Resource":"*","Principal":{"Service":"x.amazonaws.com"} | Policy document should not specify a principal.
          "Action":"kms:*"                                | Policy statement must contain resources.
          "Resource":"*"                                  | Policy statement must contain actions.
          "Action":"Decrypt","Resource":"*"               | Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.
          "Action":"kms:*","Resource":"alias/x"           | Resource alias/x must be in ARN format or "*".
          "Sid":"a b","Action":"kms:*","Resource":"*"     | Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*
          """)
  void identityPolicy_malformed_isRefused(String statement, String message) {
    iam.createUser(r -> r.userName("app"));
    assertRefused(
        "MalformedPolicyDocument",
        message,
        () ->
            iam.putUserPolicy(
                r ->
                    r.userName("app")
                        .policyName("kms")
                        .policyDocument(Policies.of("{\"Effect\":\"Allow\"," + statement + "}"))));
  }

  @Test
  void identityPolicy_withASidTwice_isRefused() {
    String statement =
        "{\"Sid\":\"Use\",\"Effect\":\"Allow\",\"Action\":\"kms:*\",\"Resource\":\"*\"}";
    iam.createUser(r -> r.userName("app"));
    assertRefused(
        "MalformedPolicyDocument",
        "Statement IDs (SID) in a single policy must be unique.",
        () ->
            iam.putUserPolicy(
                r ->
                    r.userName("app")
                        .policyName("kms")
                        .policyDocument(Policies.of(statement, statement))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "Action":"sts:AssumeRole"                                                | Missing required field Principal
          "Action":"sts:AssumeRole","Principal":{"AWS":"111122223333"},"Resource":"*" | Has prohibited field Resource
          "Action":"kms:Decrypt","Principal":{"AWS":"111122223333"}                 | AssumeRole policy may only specify STS AssumeRole actions.
          """)
  void trustPolicy_malformed_isRefused(String statement, String message) {
    assertRefused(
        "MalformedPolicyDocument",
        message,
        () ->
            iam.createRole(
                r ->
                    r.roleName("keybroker")
                        .assumeRolePolicyDocument(
                            Policies.of("{\"Effect\":\"Allow\"," + statement + "}"))));
  }
}
