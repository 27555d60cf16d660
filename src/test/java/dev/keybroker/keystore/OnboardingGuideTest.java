package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.kms.KmsArn;
import java.util.List;
import org.junit.jupiter.api.Test;

class OnboardingGuideTest {
  private static final String BROKER = "arn:aws:iam::444455556666:role/keybroker";
  private final OnboardingGuide guide = new OnboardingGuide(null, null, TestContext.DEFAULT);

  @Test
  void commands_ofARoleWhoseNameLooksLikeAnOption_nameTheRole() {
    List<String> commands = commands(null, "arn:aws:iam::111122223333:role/service/-debug");

    assertEquals(
        List.of(
            "aws iam get-role --query 'Role.AssumeRolePolicyDocument' --role-name=-debug",
            "for name in $(aws iam list-role-policies --query 'PolicyNames[]' --output text"
                + " --role-name=-debug); do aws iam get-role-policy --query 'PolicyDocument'"
                + " --policy-name=\"$name\" --role-name=-debug; done",
            "for arn in $(aws iam list-attached-role-policies --query"
                + " 'AttachedPolicies[].PolicyArn' --output text --role-name=-debug); do"
                + " aws iam get-policy-version --query 'PolicyVersion.Document' --policy-arn"
                + " \"$arn\" --version-id \"$(aws iam get-policy --query"
                + " 'Policy.DefaultVersionId' --output text --policy-arn \"$arn\")\"; done"),
        commands);
  }

  @Test
  void commands_ofAnAlias_askForItsKey() {
    String alias = "arn:aws:kms:eu-central-1:111122223333:alias/calls";
    String describe = "aws kms describe-key --region eu-central-1 --key-id " + alias + " --query ";

    assertEquals(
        List.of(
            describe + "'KeyMetadata.[Arn,KeyState,KeyUsage,KeySpec,KeyManager]' --output text",
            "aws kms get-key-policy --region eu-central-1 --policy-name default --query 'Policy'"
                + " --output text --key-id \"$("
                + describe
                + "'KeyMetadata.Arn' --output text)\""),
        commands(alias, null));
  }

  @Test
  void commands_haveNothingUnquotedThatAShellReadsAsAPattern() {
    List<String> commands =
        commands(
            "arn:aws:kms:eu-central-1:111122223333:alias/calls",
            "arn:aws:iam::111122223333:role/broker");

    for (String command : commands) {
      String unquoted = command.replaceAll("'[^']*'", "");
      assertFalse(unquoted.matches(".*[\\[\\]*?{}~#^].*"), command);
      assertEquals(
          command.split("--query ", -1).length, command.split("--query '", -1).length, command);
    }
  }

  @Test
  void documents_carryThePartitionOfTheKey() {
    String broker = "arn:aws-cn:iam::444455556666:role/keybroker";
    String role = "arn:aws-cn:iam::111122223333:role/broker";
    KmsArn key =
        KmsArn.parse(
            "arn:aws-cn:kms:cn-north-1:111122223333:key/0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11");
    for (KeyToAdmit known :
        List.of(
            new KeyToAdmit(null, null, false),
            new KeyToAdmit(null, role, false),
            new KeyToAdmit(key, null, false),
            new KeyToAdmit(key, role, false))) {
      OnboardingDocuments documents = documents(broker, known);
      String all = documents.toString();
      assertTrue(all.contains("arn:aws-cn:kms:"), all);
      assertFalse(all.contains("arn:aws:"), all);
      assertFalse(all.contains("arn:*:"), all);
    }
  }

  @Test
  void brokerPolicy_isForTheRole_orWithoutOneForTheKey() {
    String key = "arn:aws:kms:eu-central-1:111122223333:alias/calls";
    String role = "arn:aws:iam::111122223333:role/broker";
    String byKey = documents(BROKER, new KeyToAdmit(KmsArn.parse(key), null, false)).brokerPolicy();
    String byRole =
        documents(BROKER, new KeyToAdmit(KmsArn.parse(key), role, false)).brokerPolicy();

    assertTrue(byKey.contains("arn:aws:kms:eu-central-1:111122223333:key/*"), byKey);
    assertFalse(byKey.contains("sts:"), byKey);
    assertTrue(byRole.contains(role), byRole);
    assertFalse(byRole.contains("kms:"), byRole);
  }

  private List<String> commands(String keyArn, String roleArn) {
    return documents(
            BROKER, new KeyToAdmit(keyArn == null ? null : KmsArn.parse(keyArn), roleArn, false))
        .verificationCommands();
  }

  private OnboardingDocuments documents(String broker, KeyToAdmit key) {
    return guide.documents(broker, new Tenant("acme", "f00d"), key);
  }
}
