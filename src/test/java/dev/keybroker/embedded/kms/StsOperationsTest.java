package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.AssumeRoleResponse;
import software.amazon.awssdk.services.sts.model.GetCallerIdentityResponse;

/// A broker that assumes a tenant's role across accounts, with an external id.
@SuppressWarnings("NullAway.Init") // set before each test
class StsOperationsTest extends LocalKmsTestCase {

  private static final String ROLE = "arn:aws:iam::" + TENANT + ":role/keybroker";
  private static final String BROKER_USER = "arn:aws:iam::" + BROKER + ":user/broker";
  private static final String EXTERNAL_ID = "5f2c0e";
  private static final String DENIED =
      "User: " + BROKER_USER + " is not authorized to perform: sts:AssumeRole on resource: ";

  private String key;
  private StsClient broker;

  @BeforeEach
  void makeRole() {
    key = newKey();
    broker = sts(brokerUser(ROLE));
    server.role(
        TENANT,
        "keybroker",
        trust(EXTERNAL_ID),
        Policies.of(Policies.identity("Allow", "kms:*", key)));
  }

  private AwsCredentials brokerUser(String assumable) {
    return user(
        BROKER, "broker", Policies.of(Policies.identity("Allow", "sts:AssumeRole", assumable)));
  }

  private static String trust(String externalId) {
    return Policies.of(
        Policies.trust(
            BROKER_USER, "{\"StringEquals\":{\"sts:ExternalId\":\"" + externalId + "\"}}"));
  }

  private AssumeRoleResponse assume(String role, @Nullable String externalId) {
    return broker.assumeRole(
        r -> r.roleArn(role).roleSessionName("broker-1").externalId(externalId));
  }

  private KmsClient tenantKms() {
    return kms(AwsClients.sdk(assume(ROLE, EXTERNAL_ID).credentials()));
  }

  @Test
  void assumeRole_withTheExternalId_givesASessionOfTheRole() {
    AssumeRoleResponse assumed = assume(ROLE, EXTERNAL_ID);
    String session = "arn:aws:sts::" + TENANT + ":assumed-role/keybroker/broker-1";
    assertEquals(session, assumed.assumedRoleUser().arn());
    assertEquals(clock.instant().plusSeconds(3600), assumed.credentials().expiration());
    GetCallerIdentityResponse identity =
        sts(AwsClients.sdk(assumed.credentials())).getCallerIdentity();
    assertEquals(session, identity.arn());
    assertEquals(TENANT, identity.account());
    assertEquals(assumed.assumedRoleUser().assumedRoleId(), identity.userId());
    assertEquals(BROKER_USER, broker.getCallerIdentity().arn());
  }

  @Test
  void session_atTheKey_hasThePermissionsOfTheRole() {
    try (KmsClient tenant = tenantKms()) {
      assertEquals(key, tenant.encrypt(r -> r.keyId(key).plaintext(bytes("x"))).keyId());
      String other = newKey();
      assertRefused(
          "AccessDeniedException",
          "User: arn:aws:sts::111122223333:assumed-role/keybroker/broker-1 is not authorized to"
              + " perform: kms:Encrypt on resource: "
              + other
              + " because no identity-based policy allows the kms:Encrypt action",
          () -> tenant.encrypt(r -> r.keyId(other).plaintext(bytes("x"))));
    }
  }

  @Test
  void keyPolicy_namingRoleOrSession_allowsTheSession() {
    for (String principal :
        new String[] {ROLE, "arn:aws:sts::" + TENANT + ":assumed-role/keybroker/broker-1"}) {
      String named = newKey(Policies.of(Policies.statement("Allow", principal, "kms:Encrypt")));
      try (KmsClient tenant = tenantKms()) {
        assertEquals(named, tenant.encrypt(r -> r.keyId(named).plaintext(bytes("x"))).keyId());
      }
    }
    String otherSession = "arn:aws:sts::" + TENANT + ":assumed-role/keybroker/broker-2";
    String unnamed = newKey(Policies.of(Policies.statement("Allow", otherSession, "kms:Encrypt")));
    try (KmsClient tenant = tenantKms()) {
      assertCode(
          "AccessDeniedException",
          () -> tenant.encrypt(r -> r.keyId(unnamed).plaintext(bytes("x"))));
    }
  }

  @Test
  void assumeRole_withoutOrWithAWrongExternalId_isDenied() {
    AwsServiceException refused = assertCode("AccessDenied", () -> assume(ROLE, null));
    assertEquals(403, refused.statusCode());
    assertEquals(DENIED + ROLE, refused.awsErrorDetails().errorMessage());
    assertRefused("AccessDenied", DENIED + ROLE, () -> assume(ROLE, "wrong"));
  }

  @Test
  void assumeRole_thatDoesNotExist_isDeniedInTheSameWords() {
    String none = "arn:aws:iam::" + TENANT + ":role/none";
    brokerUser("*");
    assertRefused("AccessDenied", DENIED + none, () -> assume(none, EXTERNAL_ID));
  }

  @Test
  void assumeRole_acrossAccounts_needsTheCallersOwnPermission() {
    brokerUser("arn:aws:iam::" + TENANT + ":role/other");
    assertRefused("AccessDenied", DENIED + ROLE, () -> assume(ROLE, EXTERNAL_ID));
  }

  @Test
  void assumeRole_notTrusted_isDenied() {
    String trusting = Policies.of(Policies.trust("arn:aws:iam::" + TENANT + ":root", "{}"));
    try (IamClient iam = iam(user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS))) {
      iam.updateAssumeRolePolicy(r -> r.roleName("keybroker").policyDocument(trusting));
      assertRefused("AccessDenied", DENIED + ROLE, () -> assume(ROLE, EXTERNAL_ID));
      iam.updateAssumeRolePolicy(r -> r.roleName("keybroker").policyDocument(trust(EXTERNAL_ID)));
      assertEquals(
          "arn:aws:sts::111122223333:assumed-role/keybroker/broker-1",
          assume(ROLE, EXTERNAL_ID).assumedRoleUser().arn());
    }
  }

  @Test
  void trustInTheAccount_delegatesToItsOwnPolicies() {
    server.role(
        TENANT,
        "keybroker",
        Policies.of(Policies.trust("arn:aws:iam::" + BROKER + ":root", "{}")),
        null);
    assertTrue(assume(ROLE, null).credentials().accessKeyId().startsWith("ASIA"));
    try (StsClient root = sts(user(BROKER, "root", null))) {
      assertRefused(
          "AccessDenied",
          "Roles may not be assumed by root accounts.",
          () -> root.assumeRole(r -> r.roleArn(ROLE).roleSessionName("s1")));
    }
  }

  @Test
  void session_afterItsDuration_isExpired() {
    AwsCredentials session =
        AwsClients.sdk(
            broker
                .assumeRole(
                    r ->
                        r.roleArn(ROLE)
                            .roleSessionName("short")
                            .externalId(EXTERNAL_ID)
                            .durationSeconds(900))
                .credentials());
    try (KmsClient tenant = kms(session);
        StsClient tenantSts = sts(session)) {
      clock.advance(Duration.ofSeconds(899));
      tenant.describeKey(r -> r.keyId(key));
      clock.advance(Duration.ofSeconds(1));
      assertRefused(
          "ExpiredTokenException",
          "The security token included in the request is expired",
          () -> tenant.describeKey(r -> r.keyId(key)));
      assertCode("ExpiredToken", tenantSts::getCallerIdentity);
    }
  }

  @Test
  void rolePolicy_withdrawn_endsTheSessionsPermissionsAtOnce() {
    try (KmsClient tenant = tenantKms()) {
      tenant.describeKey(r -> r.keyId(key));
      server.role(TENANT, "keybroker", trust(EXTERNAL_ID), null);
      assertCode("AccessDeniedException", () -> tenant.describeKey(r -> r.keyId(key)));
    }
  }

  @Test
  void role_deletedAndMadeAnew_doesNotReviveItsSessions() {
    try (KmsClient tenant = tenantKms();
        IamClient iam = iam(user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS))) {
      server.role(TENANT, "keybroker", trust(EXTERNAL_ID), null);
      iam.deleteRole(r -> r.roleName("keybroker"));
      server.role(
          TENANT,
          "keybroker",
          trust(EXTERNAL_ID),
          Policies.of(Policies.identity("Allow", "kms:*", key)));
      assertCode("UnrecognizedClientException", () -> tenant.describeKey(r -> r.keyId(key)));
    }
  }

  @Test
  void sessionPolicy_narrowsTheRole() {
    String policy = Policies.of(Policies.identity("Allow", "kms:DescribeKey", "*"));
    AssumeRoleResponse assumed =
        broker.assumeRole(
            r -> r.roleArn(ROLE).roleSessionName("narrow").externalId(EXTERNAL_ID).policy(policy));
    try (KmsClient tenant = kms(AwsClients.sdk(assumed.credentials()))) {
      tenant.describeKey(r -> r.keyId(key));
      assertRefused(
          "AccessDeniedException",
          "User: arn:aws:sts::111122223333:assumed-role/keybroker/narrow is not authorized to"
              + " perform: kms:Encrypt on resource: "
              + key
              + " because no session policy allows the kms:Encrypt action",
          () -> tenant.encrypt(r -> r.keyId(key).plaintext(bytes("x"))));
    }
  }

  @Test
  void assumeRole_badDurationOrName_isRefused() {
    assertRefused(
        "ValidationError",
        "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        () ->
            broker.assumeRole(
                r ->
                    r.roleArn(ROLE)
                        .roleSessionName("long")
                        .externalId(EXTERNAL_ID)
                        .durationSeconds(7200)));
    assertCode(
        "ValidationError",
        () ->
            broker.assumeRole(
                r ->
                    r.roleArn(ROLE)
                        .roleSessionName("short")
                        .externalId(EXTERNAL_ID)
                        .durationSeconds(60)));
    assertCode(
        "ValidationError",
        () ->
            broker.assumeRole(r -> r.roleArn(ROLE).roleSessionName("a b").externalId(EXTERNAL_ID)));
  }
}
