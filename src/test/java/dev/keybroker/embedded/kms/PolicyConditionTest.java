package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.kms.KmsClient;

/// The conditions of key policies, each put on a key and tried by an Encrypt.
class PolicyConditionTest extends LocalKmsTestCase {

  private boolean allowed(String condition, Map<String, String> context) {
    KmsClient caller = kms(user(TENANT, "caller", null));
    String key =
        newKey(
            Policies.of(
                Policies.statement(
                    "Allow", "arn:aws:iam::" + TENANT + ":user/caller", "kms:Encrypt", condition)));
    try (caller) {
      caller.encrypt(r -> r.keyId(key).plaintext(bytes("x")).encryptionContext(context));
      return true;
    } catch (AwsServiceException e) {
      assertEquals("AccessDeniedException", e.awsErrorDetails().errorCode());
      return false;
    }
  }

  private static Map<String, String> pairs(String text) {
    return Stream.of(text.split(" ", -1))
        .filter(pair -> !pair.isEmpty())
        .map(pair -> pair.split("=", -1))
        .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
  }

  @ParameterizedTest(name = "{0} with [{1}]: {2}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "StringEquals":{"kms:EncryptionContext:tenant":"acme"}              | tenant=acme          | true
          "StringEquals":{"kms:EncryptionContext:tenant":"acme"}              | tenant=acme a=b      | true
          "StringEquals":{"kms:EncryptionContext:tenant":"acme"}              | tenant=Acme          | false
          "StringEquals":{"kms:EncryptionContext:tenant":"acme"}              | a=b                  | false
          "StringEquals":{"kms:EncryptionContext:tenant":"acme"}              |                      | false
          "StringEquals":{"kms:EncryptionContext:tenant":["acme","other"]}    | tenant=other         | true
          "StringEqualsIfExists":{"kms:EncryptionContext:tenant":"acme"}      | a=b                  | true
          "StringEqualsIgnoreCase":{"kms:EncryptionContext:tenant":"acme"}    | tenant=Acme          | true
          "StringLike":{"kms:EncryptionContext:tenant":"ac*"}                 | tenant=acme          | true
          "StringLike":{"kms:EncryptionContext:tenant":"ac?"}                 | tenant=acme          | false
          "StringEquals":{"kms:EncryptionContext:tenant":"ac*"}               | tenant=acme          | false
          "StringNotEquals":{"kms:EncryptionContext:tenant":"acme"}           | tenant=acme          | false
          "StringNotEquals":{"kms:EncryptionContext:tenant":"acme"}           | tenant=other         | true
          "StringNotEquals":{"kms:EncryptionContext:tenant":"acme"}           | a=b                  | true
          "StringNotLike":{"kms:EncryptionContext:tenant":"ac*"}              | tenant=acme          | false
          "ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["a","b"]} | a=1                  | true
          "ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["a","b"]} | a=1 c=2              | false
          "ForAllValues:StringEquals":{"kms:EncryptionContextKeys":["a","b"]} |                      | true
          "ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":["a","b"]}  | a=1 c=2              | true
          "ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":["a","b"]}  | c=2                  | false
          "ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":["a","b"]}  |                      | false
          "Null":{"kms:EncryptionContext:tenant":"false"}                     | tenant=acme          | true
          "Null":{"kms:EncryptionContext:tenant":"false"}                     | a=b                  | false
          "Null":{"kms:EncryptionContext:tenant":"true"}                      | a=b                  | true
          "Bool":{"kms:MultiRegion":"false"}                                  |                      | true
          "Bool":{"kms:MultiRegion":true}                                     |                      | false
          "StringEquals":{"kms:CallerAccount":"111122223333"}                 |                      | true
          "StringEquals":{"kms:CallerAccount":"444455556666"}                 |                      | false
          "StringEquals":{"kms:ViaService":"s3.eu-central-1.amazonaws.com"}   |                      | false
          "StringEquals":{"aws:PrincipalAccount":"111122223333"}              |                      | true
          "ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:user/call*"}          |                      | true
          "ArnNotEquals":{"aws:PrincipalArn":"arn:aws:iam::*:user/caller"}    |                      | false
          "StringEquals":{"aws:principalarn":"arn:aws:iam::111122223333:user/caller"} |              | true
          "StringEqualsIgnoreCaseIfExists":{"kms:EncryptionContext:a":"B"}    | a=b                  | true
          "ForAnyValue:StringLikeIfExists":{"kms:EncryptionContextKeys":"a*"} |                      | true
          "ForAllValues:StringNotLike":{"kms:EncryptionContextKeys":"x*"}     | a=1 b=2              | true
          "ForAllValues:StringNotLike":{"kms:EncryptionContextKeys":"x*"}     | a=1 xy=2             | false
          "NumericEquals":{"kms:EncryptionContext:n":"5"}                     | n=5.0                | true
          "NumericNotEquals":{"kms:EncryptionContext:n":"5"}                  | n=5                  | false
          "NumericNotEquals":{"kms:EncryptionContext:n":"5"}                  | n=6                  | true
          "NumericLessThan":{"kms:EncryptionContext:n":5}                     | n=4                  | true
          "NumericGreaterThanEquals":{"kms:EncryptionContext:n":5}            | n=4                  | false
          "NumericLessThanIfExists":{"kms:EncryptionContext:n":5}             |                      | true
          "NumericLessThan":{"kms:EncryptionContext:n":5}                     | n=few                | false
          "DateGreaterThan":{"aws:CurrentTime":"2029-12-31T23:59:59Z"}        |                      | true
          "DateGreaterThan":{"aws:CurrentTime":"2030-01-01"}                  |                      | false
          "DateEquals":{"aws:CurrentTime":"2030-01-01T01:00:00+01:00"}        |                      | true
          "DateNotEquals":{"aws:CurrentTime":"2030-01-01T00:00Z"}             |                      | false
          "DateLessThanEquals":{"aws:EpochTime":"1893456000"}                 |                      | true
          "NumericLessThan":{"aws:EpochTime":"1893456000"}                    |                      | false
          "DateLessThan":{"aws:TokenIssueTime":"2040-01-01T00:00:00Z"}        |                      | false
          "DateLessThanIfExists":{"aws:TokenIssueTime":"2040-01-01T00:00:00Z"}|                      | true
          "IpAddress":{"aws:SourceIp":"127.0.0.0/8"}                          |                      | true
          "IpAddress":{"aws:SourceIp":["10.0.0.0/8","2001:db8::/32"]}         |                      | false
          "NotIpAddress":{"aws:SourceIp":"127.0.0.1"}                         |                      | false
          "NotIpAddressIfExists":{"aws:VpcSourceIp":"127.0.0.1"}              |                      | true
          "BinaryEquals":{"kms:EncryptionContext:b":"QUJD"}                   | b=QUJD               | true
          "BinaryEquals":{"kms:EncryptionContext:b":"QUJD"}                   | b=QUJE               | false
          "BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}                |                      | true
          "Bool":{"aws:SecureTransport":"true"}                               |                      | true
          "Null":{"aws:SourceVpce":"true"}                                    |                      | true
          "ArnLike":{"aws:PrincipalArn":"arn:aws:*:user/call*"}               |                      | false
          "ArnLike":{"aws:PrincipalArn":"arn:*:iam:*:1111*:user/c?ller"}      |                      | true
          "ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::*:user/*"}            |                      | true
          "StringEquals":{"kms:EncryptionContext:by":"${aws:username}"}       | by=caller            | true
          "StringEquals":{"kms:EncryptionContext:by":"${aws:username}"}       | by=other             | false
          "StringLike":{"kms:EncryptionContext:by":"u-${aws:username}-*"}     | by=u-caller-7        | true
          "StringEquals":{"kms:EncryptionContext:by":"${aws:PrincipalTag/t}"} | by=x                 | false
          "StringNotEquals":{"kms:EncryptionContext:a":"${aws:SourceVpce}"}   | a=x                  | true
          "StringEquals":{"kms:EncryptionContext:a":"${aws:SourceVpce, 'x'}"} | a=x                  | true
          "StringLike":{"kms:EncryptionContext:a":"${*}${?}${$}"}             | a=*?$                | true
          "StringLike":{"kms:EncryptionContext:a":"${*}"}                     | a=x                  | false
          """)
  void condition_onEncrypt_isEvaluated(
      String condition, @Nullable String context, boolean expected) {
    assertEquals(expected, allowed("{" + condition + "}", pairs(context == null ? "" : context)));
  }

  @Test
  void severalConditions_mustAllHold() {
    String both =
        """
        {"StringEquals":{"kms:EncryptionContext:tenant":"acme","kms:CallerAccount":"111122223333"},
         "StringLike":{"kms:EncryptionContext:keystore":"call-*"}}\
        """;
    assertEquals(true, allowed(both, Map.of("tenant", "acme", "keystore", "call-recordings")));
    assertEquals(false, allowed(both, Map.of("tenant", "acme", "keystore", "screens")));
    assertEquals(false, allowed(both, Map.of("tenant", "other", "keystore", "call-recordings")));
  }

  @Test
  void variables_inADocumentWithoutTheNewVersion_arePlainText() {
    String condition = "{\"StringEquals\":{\"kms:EncryptionContext:by\":\"${aws:username}\"}}";
    String statement =
        Policies.statement(
            "Allow", "arn:aws:iam::" + TENANT + ":user/caller", "kms:Encrypt", condition);
    try (KmsClient caller = kms(user(TENANT, "caller", null))) {
      String key = newKey("{\"Statement\":" + statement + "}");
      caller.encrypt(
          r ->
              r.keyId(key)
                  .plaintext(bytes("x"))
                  .encryptionContext(Map.of("by", "${aws:username}")));
      assertCode(
          "AccessDeniedException",
          () ->
              caller.encrypt(
                  r ->
                      r.keyId(key)
                          .plaintext(bytes("x"))
                          .encryptionContext(Map.of("by", "caller"))));
    }
  }

  @Test
  void variable_inAResource_isFilledIn() {
    String key = newKey();
    String id = key.substring(key.indexOf('/') + 1);
    String policy =
        Policies.of(
            Policies.identity("Allow", "kms:Encrypt", "arn:aws:kms:*:*:key/${aws:username}"));
    try (KmsClient named = kms(user(TENANT, id, policy));
        KmsClient other = kms(user(TENANT, "other", policy))) {
      named.encrypt(r -> r.keyId(key).plaintext(bytes("x")));
      assertCode(
          "AccessDeniedException", () -> other.encrypt(r -> r.keyId(key).plaintext(bytes("x"))));
    }
  }
}
