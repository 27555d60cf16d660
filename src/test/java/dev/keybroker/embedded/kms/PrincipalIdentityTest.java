package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.GrantOperation;
import software.amazon.awssdk.services.sts.StsClient;

/// Policies and grants mean the very user or role that had the name when they were put.
@SuppressWarnings("NullAway.Init") // set before each test
class PrincipalIdentityTest extends LocalKmsTestCase {

  private static final String ROLE = "arn:aws:iam::" + BROKER + ":role/keybroker";
  private static final String ALLOW_KMS = Policies.of(Policies.identity("Allow", "kms:*", "*"));

  private IamClient iam;
  private StsClient user;

  @BeforeEach
  void makeRole() {
    iam = iam(user(BROKER, "admin", LocalKms.ADMINISTRATOR_ACCESS));
    user = sts(user(BROKER, "worker", LocalKms.ADMINISTRATOR_ACCESS));
    makeTheRole();
  }

  private void makeTheRole() {
    server.role(BROKER, "keybroker", Policies.of(Policies.trust(BROKER, "{}")), ALLOW_KMS);
  }

  private void makeTheRoleAnew() {
    server.role(BROKER, "keybroker", Policies.of(Policies.trust(BROKER, "{}")), null);
    iam.deleteRole(r -> r.roleName("keybroker"));
    makeTheRole();
  }

  private KmsClient session() {
    AwsCredentials session =
        AwsClients.sdk(
            user.assumeRole(r -> r.roleArn(ROLE).roleSessionName("broker-1")).credentials());
    return kms(session);
  }

  private String roleId() {
    return iam.getRole(r -> r.roleName("keybroker")).role().roleId();
  }

  @Test
  void keyPolicy_namingARoleThatWasMadeAnew_doesNotMeanTheNewOne() {
    String policy =
        Policies.of(Policies.rootOf(TENANT), Policies.statement("Allow", ROLE, "kms:DescribeKey"));
    String key = newKey(policy);
    try (KmsClient session = session()) {
      session.describeKey(r -> r.keyId(key));
    }
    assertEquals(policy, admin.getKeyPolicy(r -> r.keyId(key)).policy());
    String oldId = roleId();

    makeTheRoleAnew();

    try (KmsClient session = session()) {
      assertCode("AccessDeniedException", () -> session.describeKey(r -> r.keyId(key)));
      String shown = admin.getKeyPolicy(r -> r.keyId(key)).policy();
      assertEquals(policy.replace(ROLE, oldId), shown);
      assertRefused(
          "MalformedPolicyDocumentException",
          "Policy contains a statement with one or more invalid principals.",
          () -> admin.putKeyPolicy(r -> r.keyId(key).policy(shown)));
      admin.putKeyPolicy(r -> r.keyId(key).policy(policy));
      session.describeKey(r -> r.keyId(key));
    }
  }

  @Test
  void trustPolicy_namingAUserThatWasMadeAnew_doesNotMeanTheNewOne() {
    String worker = "arn:aws:iam::" + BROKER + ":user/worker";
    String tenantRole = "arn:aws:iam::" + TENANT + ":role/tenant";
    server.role(TENANT, "tenant", Policies.of(Policies.trust(worker, "{}")), null);
    user.assumeRole(r -> r.roleArn(tenantRole).roleSessionName("s1"));

    String accessKey =
        server.principal(BROKER, "worker", LocalKms.ADMINISTRATOR_ACCESS).accessKeyId();
    iam.deleteUserPolicy(r -> r.userName("worker").policyName("local"));
    iam.deleteAccessKey(r -> r.userName("worker").accessKeyId(accessKey));
    iam.deleteUser(r -> r.userName("worker"));
    user = sts(user(BROKER, "worker", LocalKms.ADMINISTRATOR_ACCESS));

    assertCode(
        "AccessDenied", () -> user.assumeRole(r -> r.roleArn(tenantRole).roleSessionName("s1")));
    try (IamClient tenant = iam(user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS))) {
      assertTrue(
          tenant
              .getRole(r -> r.roleName("tenant"))
              .role()
              .assumeRolePolicyDocument()
              .contains("AIDA"));
    }
  }

  @Test
  void uniqueId_ofARoleThatIsThere_isAPrincipal() {
    String key = newKey(Policies.of(Policies.statement("Allow", roleId(), "kms:DescribeKey")));
    try (KmsClient session = session()) {
      session.describeKey(r -> r.keyId(key));
    }
  }

  @Test
  void grant_toARoleThatWasMadeAnew_doesNotHelpTheNewOne() {
    String key = newKey();
    admin.createGrant(
        r -> r.keyId(key).granteePrincipal(ROLE).operations(GrantOperation.DESCRIBE_KEY));
    try (KmsClient session = session()) {
      session.describeKey(r -> r.keyId(key));
    }

    makeTheRoleAnew();

    try (KmsClient session = session()) {
      assertCode("AccessDeniedException", () -> session.describeKey(r -> r.keyId(key)));
    }
  }

  @Test
  void organization_ofTheCaller_isAConditionKey() {
    String key =
        newKey(
            Policies.of(
                Policies.statement(
                    "Allow",
                    "*",
                    "kms:DescribeKey",
                    "{\"StringEquals\":{\"aws:PrincipalOrgID\":\"o-a1b2c3d4e5\"}}")));
    try (KmsClient session = session()) {
      assertCode("AccessDeniedException", () -> session.describeKey(r -> r.keyId(key)));
      server.organization(BROKER, "o-a1b2c3d4e5");
      session.describeKey(r -> r.keyId(key));
    }
  }

  @Test
  void principalArn_ofASession_isItsRolesArn() {
    String key =
        newKey(
            Policies.of(
                Policies.statement(
                    "Allow",
                    "*",
                    "kms:DescribeKey",
                    "{\"ArnEquals\":{\"aws:PrincipalArn\":\"" + ROLE + "\"}}")));
    try (KmsClient session = session()) {
      session.describeKey(r -> r.keyId(key));
    }
  }
}
