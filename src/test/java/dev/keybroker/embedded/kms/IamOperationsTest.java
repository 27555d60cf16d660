package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
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
}
