package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.sts.StsClient;

class PartitionsTest extends LocalKmsTestCase {

  private static final String ACCOUNT = "777788889999";

  @ParameterizedTest
  @CsvSource({
    "aws-cn, cn-north-1",
    "aws-us-gov, us-gov-west-1",
    "aws-eusc, eusc-de-east-1",
    "aws-iso, us-iso-east-1",
    "aws-iso-b, us-isob-east-1",
    "aws-iso-e, eu-isoe-west-1",
    "aws-iso-f, us-isof-south-1"
  })
  void account_inAPartition_hasItInEveryArn(String partition, String regionName) {
    Region region = Region.of(regionName);
    server.partition(ACCOUNT, partition);
    AwsCredentials root = user(ACCOUNT, "root", null);
    AwsCredentials app = user(ACCOUNT, "app", LocalKms.ADMINISTRATOR_ACCESS);
    String start = "arn:" + partition + ":";
    String user = start + "iam::" + ACCOUNT + ":user/app";
    String role =
        server.role(
            ACCOUNT,
            "keybroker",
            Policies.of(Policies.trust(user, "{}")),
            Policies.of(Policies.identity("Allow", "kms:*", "*")));
    assertEquals(start + "iam::" + ACCOUNT + ":role/keybroker", role);
    try (KmsClient kms = clients.kms(app, region);
        StsClient sts = clients.sts(app, region);
        StsClient rootSts = clients.sts(root, region)) {
      assertEquals(start + "iam::" + ACCOUNT + ":root", rootSts.getCallerIdentity().arn());
      assertEquals(user, sts.getCallerIdentity().arn());
      String key = kms.createKey().keyMetadata().arn();
      assertEquals(
          start + "kms:" + regionName + ":" + ACCOUNT + ":key/", key.replaceAll("/.*", "/"));
      AwsCredentials session =
          AwsClients.sdk(sts.assumeRole(r -> r.roleArn(role).roleSessionName("s1")).credentials());
      try (KmsClient assumed = clients.kms(session, region);
          StsClient assumedSts = clients.sts(session, region)) {
        assertEquals(
            start + "sts::" + ACCOUNT + ":assumed-role/keybroker/s1",
            assumedSts.getCallerIdentity().arn());
        assertEquals(key, assumed.describeKey(r -> r.keyId(key)).keyMetadata().arn());
      }
    }
  }

  @Test
  void credentials_inAnotherPartition_areUnknown() {
    server.partition(ACCOUNT, "aws-cn");
    AwsCredentials app = user(ACCOUNT, "app", LocalKms.ADMINISTRATOR_ACCESS);
    try (KmsClient elsewhere = clients.kms(app, REGION);
        StsClient elsewhereSts = clients.sts(app, REGION)) {
      assertCode("UnrecognizedClientException", elsewhere::listKeys);
      assertCode("InvalidClientTokenId", elsewhereSts::getCallerIdentity);
    }
  }

  @Test
  void principal_ofTheWrongPartition_isNone() {
    server.partition(ACCOUNT, "aws-cn");
    user(ACCOUNT, "app", null);
    assertCode(
        "MalformedPolicyDocumentException",
        () ->
            newKey(
                Policies.of(
                    Policies.statement(
                        "Allow", "arn:aws:iam::" + ACCOUNT + ":user/app", "kms:*"))));
  }

  @Test
  void iam_inAPartition_makesItsArns() {
    server.partition(ACCOUNT, "aws-us-gov");
    try (IamClient iam = clients.iam(user(ACCOUNT, "root", null), Region.AWS_US_GOV_GLOBAL)) {
      assertEquals(
          "arn:aws-us-gov:iam::" + ACCOUNT + ":user/x",
          iam.createUser(r -> r.userName("x")).user().arn());
    }
  }

  @Test
  void partition_thatIsNoneOrComesLate_isRefused() {
    assertThrows(IllegalArgumentException.class, () -> server.partition(ACCOUNT, "aws-moon"));
    user(ACCOUNT, "app", null);
    assertThrows(IllegalArgumentException.class, () -> server.partition(ACCOUNT, "aws-cn"));
  }
}
