package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.AccessKey;
import software.amazon.awssdk.services.iam.model.Role;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.sts.StsClient;

@SuppressWarnings("NullAway.Init") // set before each test
class IamOperationsTest extends LocalKmsTestCase {

  private static final String TRUST =
      Policies.of(Policies.trust("arn:aws:iam::" + BROKER + ":root", "{}"));
  private static final String ALLOW_ALL = Policies.of(Policies.identity("Allow", "kms:*", "*"));

  private IamClient iam;

  @BeforeEach
  void makeClient() {
    iam = iam(user(TENANT, "root", null));
  }

  @Test
  void user_withAccessKeyAndPolicy_canCallKms() {
    String arn = iam.createUser(r -> r.userName("app").path("/team/")).user().arn();
    assertEquals("arn:aws:iam::" + TENANT + ":user/team/app", arn);
    AccessKey accessKey = iam.createAccessKey(r -> r.userName("app")).accessKey();
    AwsBasicCredentials credentials =
        AwsBasicCredentials.create(accessKey.accessKeyId(), accessKey.secretAccessKey());
    try (KmsClient app = kms(credentials);
        StsClient sts = sts(credentials)) {
      assertEquals(arn, sts.getCallerIdentity().arn());
      assertCode("AccessDeniedException", app::createKey);
      iam.putUserPolicy(r -> r.userName("app").policyName("kms").policyDocument(ALLOW_ALL));
      assertEquals(TENANT, app.createKey().keyMetadata().awsAccountId());
      iam.deleteUserPolicy(r -> r.userName("app").policyName("kms"));
      assertCode("AccessDeniedException", app::createKey);
      assertCode("DeleteConflict", () -> iam.deleteUser(r -> r.userName("app")));
      iam.deleteAccessKey(r -> r.userName("app").accessKeyId(accessKey.accessKeyId()));
      assertCode("UnrecognizedClientException", app::listKeys);
      iam.deleteUser(r -> r.userName("app"));
      assertCode("NoSuchEntity", () -> iam.getUser(r -> r.userName("app")));
    }
  }

  @Test
  void role_madeChangedAndDeleted_isReportedSo() {
    Role made =
        iam.createRole(
                r ->
                    r.roleName("keybroker")
                        .assumeRolePolicyDocument(TRUST)
                        .maxSessionDuration(7200))
            .role();
    assertEquals("arn:aws:iam::" + TENANT + ":role/keybroker", made.arn());
    Role read = iam.getRole(r -> r.roleName("keybroker")).role();
    assertEquals(7200, read.maxSessionDuration());
    assertEquals(TRUST, URLDecoder.decode(read.assumeRolePolicyDocument(), StandardCharsets.UTF_8));
    iam.putRolePolicy(r -> r.roleName("keybroker").policyName("kms").policyDocument(ALLOW_ALL));
    assertEquals(
        ALLOW_ALL,
        URLDecoder.decode(
            iam.getRolePolicy(r -> r.roleName("keybroker").policyName("kms")).policyDocument(),
            StandardCharsets.UTF_8));
    assertRefused(
        "DeleteConflict",
        "Cannot delete entity, must delete policies first.",
        () -> iam.deleteRole(r -> r.roleName("keybroker")));
    iam.deleteRolePolicy(r -> r.roleName("keybroker").policyName("kms"));
    iam.deleteRole(r -> r.roleName("keybroker"));
    assertRefused(
        "NoSuchEntity",
        "The role with name keybroker cannot be found.",
        () -> iam.getRole(r -> r.roleName("keybroker")));
  }

  @Test
  void createRole_thatExistsOrWithABadPolicy_isRefused() {
    iam.createRole(r -> r.roleName("keybroker").assumeRolePolicyDocument(TRUST));
    assertRefused(
        "EntityAlreadyExists",
        "Role with name keybroker already exists.",
        () -> iam.createRole(r -> r.roleName("keybroker").assumeRolePolicyDocument(TRUST)));
    assertCode(
        "MalformedPolicyDocument",
        () -> iam.createRole(r -> r.roleName("other").assumeRolePolicyDocument("{}")));
    assertCode(
        "MalformedPolicyDocument",
        () ->
            iam.createRole(
                r ->
                    r.roleName("other")
                        .assumeRolePolicyDocument(
                            Policies.of(
                                Policies.trust("arn:aws:iam::" + BROKER + ":user/nobody", "{}")))));
    assertCode(
        "MalformedPolicyDocument",
        () ->
            iam.putRolePolicy(
                r -> r.roleName("keybroker").policyName("kms").policyDocument(TRUST)));
  }

  @Test
  void user_withoutPermission_isDenied() {
    try (IamClient nobody = iam(user(TENANT, "nobody", null))) {
      assertRefused(
          "AccessDenied",
          "User: arn:aws:iam::111122223333:user/nobody is not authorized to perform:"
              + " iam:CreateRole on resource: arn:aws:iam::111122223333:role/keybroker because no"
              + " identity-based policy allows the iam:CreateRole action",
          () -> nobody.createRole(r -> r.roleName("keybroker").assumeRolePolicyDocument(TRUST)));
    }
  }

  @Test
  void operation_thatIsNotThere_isAnInvalidAction() {
    assertCode("InvalidAction", iam::listRoles);
  }

  @Test
  void rolePolicies_areListed() {
    iam.createRole(r -> r.roleName("keybroker").assumeRolePolicyDocument(TRUST));
    iam.putRolePolicy(r -> r.roleName("keybroker").policyName("kms").policyDocument(ALLOW_ALL));
    iam.putRolePolicy(r -> r.roleName("keybroker").policyName("audit").policyDocument(ALLOW_ALL));
    assertEquals(
        List.of("audit", "kms"), iam.listRolePolicies(r -> r.roleName("keybroker")).policyNames());
    assertEquals(
        List.of(), iam.listAttachedRolePolicies(r -> r.roleName("keybroker")).attachedPolicies());
    assertCode("NoSuchEntity", () -> iam.listRolePolicies(r -> r.roleName("none")));
  }

  @Test
  void simulation_ofARolesPolicies_saysWhatTheyAllow() {
    String role =
        iam.createRole(r -> r.roleName("keybroker").assumeRolePolicyDocument(TRUST)).role().arn();
    String key = "arn:aws:kms:eu-central-1:" + TENANT + ":key/1";
    iam.putRolePolicy(
        r ->
            r.roleName("keybroker")
                .policyName("kms")
                .policyDocument(
                    """
                    {"Version":"2012-10-17","Statement":[
                      {"Effect":"Allow","Action":"kms:Decrypt","Resource":"%s","Condition":
                        {"StringEquals":{"kms:EncryptionContext:tenant":"acme"}}},
                      {"Effect":"Deny","Action":"kms:ScheduleKeyDeletion","Resource":"*"}]}\
                    """
                        .formatted(key)));
    var simulated =
        iam.simulatePrincipalPolicy(
            r ->
                r.policySourceArn(role)
                    .actionNames("kms:Decrypt", "kms:Encrypt", "kms:ScheduleKeyDeletion")
                    .resourceArns(key)
                    .contextEntries(
                        c ->
                            c.contextKeyName("kms:EncryptionContext:tenant")
                                .contextKeyValues("acme")
                                .contextKeyType("string")));
    assertEquals(
        List.of("allowed", "implicitDeny", "explicitDeny"),
        simulated.evaluationResults().stream().map(e -> e.evalDecisionAsString()).toList());
    assertEquals(key, simulated.evaluationResults().getFirst().evalResourceName());
    assertEquals(
        "implicitDeny",
        iam.simulatePrincipalPolicy(
                r -> r.policySourceArn(role).actionNames("kms:Decrypt").resourceArns(key))
            .evaluationResults()
            .getFirst()
            .evalDecisionAsString());
  }

  @Test
  void roleTags_areTagsOfItsSessions() {
    String role =
        iam.createRole(
                r ->
                    r.roleName("keybroker")
                        .assumeRolePolicyDocument(Policies.of(Policies.trust(TENANT, "{}")))
                        .tags(t -> t.key("team").value("audio")))
            .role()
            .arn();
    String key =
        newKey(
            Policies.of(
                Policies.statement(
                    "Allow",
                    role,
                    "kms:DescribeKey",
                    "{\"StringEquals\":{\"aws:PrincipalTag/Team\":\"audio\"}}")));
    try (StsClient sts = sts(user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS));
        KmsClient session =
            kms(
                AwsClients.sdk(
                    sts.assumeRole(r -> r.roleArn(role).roleSessionName("s1")).credentials()))) {
      session.describeKey(r -> r.keyId(key));
      iam.tagRole(r -> r.roleName("keybroker").tags(t -> t.key("team").value("video")));
      assertCode("AccessDeniedException", () -> session.describeKey(r -> r.keyId(key)));
    }
  }
}
