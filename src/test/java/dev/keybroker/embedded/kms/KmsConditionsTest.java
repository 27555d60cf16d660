package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URI;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.CreateGrantRequest;
import software.amazon.awssdk.services.kms.model.GrantOperation;

/// The condition keys of KMS, each in a key policy.
@SuppressWarnings("NullAway.Init") // set before each test
class KmsConditionsTest extends LocalKmsTestCase {

  private static final String CALLER = "arn:aws:iam::" + TENANT + ":user/caller";

  private KmsClient caller;

  @BeforeEach
  void makeCaller() {
    caller = kms(user(TENANT, "caller", null));
  }

  private String keyFor(String action, String condition) {
    return newKey(
        Policies.of(
            Policies.rootOf(TENANT),
            Policies.statement("Allow", CALLER, action, "{" + condition + "}")));
  }

  private static boolean allowed(Runnable call) {
    try {
      call.run();
      return true;
    } catch (AwsServiceException e) {
      assertEquals("AccessDeniedException", e.awsErrorDetails().errorCode());
      return false;
    }
  }

  private boolean grants(String condition, Consumer<CreateGrantRequest.Builder> more) {
    String key = keyFor("kms:CreateGrant", condition);
    return allowed(
        () ->
            caller.createGrant(
                r -> {
                  r.keyId(key).granteePrincipal(CALLER).operations(GrantOperation.DECRYPT);
                  more.accept(r);
                }));
  }

  /// The statement that Amazon Connect Voice ID publishes for its customer managed keys.
  @Test
  void createGrant_underAnEncryptionContextCondition_isAllowedByItsConstraints() {
    String condition =
        """
        "StringEquals":{"kms:EncryptionContext:aws:voiceid:domain:arn":
        "arn:aws:voiceid:eu-central-1:111122223333:domain/sample-domain-id"}\
        """;
    Map<String, String> context =
        Map.of(
            "aws:voiceid:domain:arn",
            "arn:aws:voiceid:eu-central-1:111122223333:domain/sample-domain-id");
    assertEquals(
        true, grants(condition, r -> r.constraints(c -> c.encryptionContextSubset(context))));
    assertEquals(
        true, grants(condition, r -> r.constraints(c -> c.encryptionContextEquals(context))));
    assertEquals(false, grants(condition, r -> {}));
    assertEquals(
        false,
        grants(
            condition,
            r ->
                r.constraints(
                    c -> c.encryptionContextSubset(Map.of("aws:voiceid:domain:arn", "other")))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "StringEquals":{"kms:GrantConstraintType":"EncryptionContextSubset"}                       | true
          "StringEquals":{"kms:GrantConstraintType":"EncryptionContextEquals"}                       | false
          "ForAllValues:StringEquals":{"kms:GrantOperations":["Decrypt","Encrypt"]}                  | true
          "ForAllValues:StringEquals":{"kms:GrantOperations":["Encrypt"]}                            | false
          "ArnLike":{"kms:GranteePrincipal":"arn:aws:iam::111122223333:user/*"}                      | true
          "StringEquals":{"kms:GranteePrincipal":"arn:aws:iam::111122223333:user/other"}             | false
          "StringEquals":{"kms:RetiringPrincipal":"arn:aws:iam::111122223333:user/admin"}            | true
          "Bool":{"kms:GrantIsForAWSResource":"false"}                                               | true
          "Bool":{"kms:GrantIsForAWSResource":"true"}                                                | false
          "ForAllValues:StringEquals":{"kms:EncryptionContextKeys":"tenant"}                         | true
          "ForAnyValue:StringEquals":{"kms:EncryptionContextKeys":"Tenant"}                          | false
          """)
  void createGrant_isDecidedBy(String condition, boolean expected) {
    assertEquals(
        expected,
        grants(
            condition,
            r ->
                r.retiringPrincipal("arn:aws:iam::" + TENANT + ":user/admin")
                    .constraints(c -> c.encryptionContextSubset(Map.of("tenant", "acme")))));
  }

  @Test
  void grantIsForAwsResource_isNoKeyOfOtherOperations() {
    String key = keyFor("kms:DescribeKey", "\"Bool\":{\"kms:GrantIsForAWSResource\":\"false\"}");
    assertEquals(false, allowed(() -> caller.describeKey(r -> r.keyId(key))));
  }

  @Test
  void aliases_ofTheKeyAndOfTheRequest_areTwoConditionKeys() {
    String byKey =
        keyFor(
            "kms:DescribeKey",
            "\"ForAnyValue:StringLike\":{\"kms:ResourceAliases\":\"alias/calls-*\"}");
    assertEquals(false, allowed(() -> caller.describeKey(r -> r.keyId(byKey))));
    admin.createAlias(r -> r.aliasName("alias/calls-eu").targetKeyId(byKey));
    assertEquals(true, allowed(() -> caller.describeKey(r -> r.keyId(byKey))));

    String byRequest =
        keyFor("kms:DescribeKey", "\"StringEquals\":{\"kms:RequestAlias\":\"alias/screens\"}");
    admin.createAlias(r -> r.aliasName("alias/screens").targetKeyId(byRequest));
    assertEquals(false, allowed(() -> caller.describeKey(r -> r.keyId(byRequest))));
    assertEquals(true, allowed(() -> caller.describeKey(r -> r.keyId("alias/screens"))));
    assertEquals(
        true,
        allowed(
            () ->
                caller.describeKey(
                    r -> r.keyId("arn:aws:kms:eu-central-1:" + TENANT + ":alias/screens"))));
  }

  @Test
  void encryptionContext_isNoKeyOfDescribeKey() {
    String key =
        keyFor("kms:DescribeKey", "\"StringEquals\":{\"kms:EncryptionContext:tenant\":\"acme\"}");
    assertEquals(false, allowed(() -> caller.describeKey(r -> r.keyId(key))));
  }

  @Test
  void reEncrypt_hasTheContextOfEachSide() {
    String from =
        keyFor("kms:ReEncryptFrom", "\"StringEquals\":{\"kms:EncryptionContext:tenant\":\"old\"}");
    String to =
        keyFor("kms:ReEncryptTo", "\"StringEquals\":{\"kms:EncryptionContext:tenant\":\"new\"}");
    var blob =
        admin
            .encrypt(
                r -> r.keyId(from).plaintext(bytes("x")).encryptionContext(Map.of("tenant", "old")))
            .ciphertextBlob();
    for (String destination : new String[] {"new", "old"}) {
      assertEquals(
          destination.equals("new"),
          allowed(
              () ->
                  caller.reEncrypt(
                      r ->
                          r.ciphertextBlob(blob)
                              .sourceEncryptionContext(Map.of("tenant", "old"))
                              .destinationKeyId(to)
                              .destinationEncryptionContext(Map.of("tenant", destination)))));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          vpce/vpce-0a1b2c3d                 | "StringEquals":{"aws:SourceVpce":"vpce-0a1b2c3d"}                   | true
          vpce/vpce-99999999                 | "StringEquals":{"aws:SourceVpce":"vpce-0a1b2c3d"}                   | false
                                             | "StringEquals":{"aws:SourceVpce":"vpce-0a1b2c3d"}                   | false
          vpce/vpce-0a1b2c3d                 | "IpAddress":{"aws:SourceIp":"0.0.0.0/0"}                            | false
          from/203.0.113.7                   | "IpAddress":{"aws:SourceIp":"203.0.113.0/24"}                       | true
          via/s3.eu-central-1.amazonaws.com  | "StringEquals":{"kms:ViaService":"s3.eu-central-1.amazonaws.com"}   | true
          via/s3.eu-central-1.amazonaws.com  | "Bool":{"aws:ViaAWSService":"true"}                                 | true
                                             | "Bool":{"aws:ViaAWSService":"true"}                                 | false
          """)
  void place_ofTheRequest_isSeenByPolicies(
      @Nullable String place, String condition, boolean expected) {
    String key = keyFor("kms:DescribeKey", condition);
    URI endpoint = place == null ? server.endpoint() : server.endpoint(place);
    try (KmsClient there = clients.kms(user(TENANT, "caller", null), REGION, endpoint)) {
      assertEquals(expected, allowed(() -> there.describeKey(r -> r.keyId(key))));
    }
  }

  @Test
  void awsManagedKey_throughItsService_isUsable() {
    String key = server.awsManagedKey(TENANT, REGION.id(), "s3");
    var anyone = user(TENANT, "reader", null);
    try (KmsClient direct = kms(anyone);
        KmsClient service =
            clients.kms(anyone, REGION, server.endpoint("via/s3.eu-central-1.amazonaws.com"))) {
      assertEquals(
          false, allowed(() -> direct.generateDataKey(r -> r.keyId(key).numberOfBytes(32))));
      assertEquals(
          true, allowed(() -> service.generateDataKey(r -> r.keyId(key).numberOfBytes(32))));
    }
  }
}
