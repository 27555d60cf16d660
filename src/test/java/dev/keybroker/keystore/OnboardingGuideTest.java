package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

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
            "aws iam list-role-policies --role-name=-debug",
            "aws iam list-attached-role-policies --role-name=-debug"),
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

  private List<String> commands(String keyArn, String roleArn) {
    return guide
        .documents(
            BROKER,
            new Tenant("acme", "f00d"),
            keyArn == null ? null : KmsArn.parse(keyArn),
            roleArn)
        .verificationCommands();
  }
}
