package dev.keybroker.keystore;

import dev.keybroker.kms.KmsArn;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The AWS CLI commands that check what onboarding requires. Each is one line for a POSIX shell.
///
/// Queries and JSON are quoted: zsh reads brackets as a pattern, and it is an error if no file
/// matches. A role's name follows a `=`, since it may start with `-`.
final class OnboardingCommands {
  private static final String DECISIONS =
      " --query 'EvaluationResults[].[EvalActionName,EvalDecision]' --output text";

  private final PolicyDocuments policies;
  private final KeyToAdmit asked;
  private final @Nullable KmsArn key;
  private final @Nullable String role;
  private final String externalId;

  OnboardingCommands(PolicyDocuments policies, KeyToAdmit key, String externalId) {
    this.policies = policies;
    this.asked = key;
    this.key = key.arn();
    this.role = key.roleArn();
    this.externalId = externalId;
  }

  /// Returns the commands for an administrator of the account of the key and the role.
  List<String> ofTenant() {
    List<String> commands = new ArrayList<>();
    if (key != null) {
      commands.add(
          describe(key) + "'KeyMetadata.[Arn,KeyState,KeyUsage,KeySpec,KeyManager]' --output text");
      commands.add(
          "aws kms get-key-policy --region "
              + key.region()
              + " --policy-name default --query 'Policy' --output text --key-id "
              + keyArn(key));
    }
    if (role != null) {
      String name = " --role-name=" + role.substring(role.lastIndexOf('/') + 1);
      commands.add("aws iam get-role --query 'Role.AssumeRolePolicyDocument'" + name);
      commands.add(
          "for name in $(aws iam list-role-policies --query 'PolicyNames[]' --output text"
              + name
              + "); do aws iam get-role-policy --query 'PolicyDocument' --policy-name=\"$name\""
              + name
              + "; done");
      commands.add(
          "for arn in $(aws iam list-attached-role-policies --query"
              + " 'AttachedPolicies[].PolicyArn' --output text"
              + name
              + "); do aws iam get-policy-version --query 'PolicyVersion.Document' --policy-arn"
              + " \"$arn\" --version-id \"$(aws iam get-policy --query 'Policy.DefaultVersionId'"
              + " --output text --policy-arn \"$arn\")\"; done");
      if (key != null) {
        commands.addAll(useOfKey(role, keyArn(key)));
      }
    }
    return commands;
  }

  /// Returns the command that grants the broker the use of the key under the tenant's encryption
  /// context. The key's account may retire the grant.
  String createGrant(String principal, List<String> operations) {
    String account = key == null ? "<account>" : key.account();
    String partition = asked.partition(principal);
    return "aws kms create-grant"
        + (key == null ? "" : " --region " + key.region())
        + " --grantee-principal "
        + quoted(principal)
        + " --retiring-principal "
        + quoted("arn:" + partition + ":iam::" + account + ":root")
        + " --operations "
        + String.join(" ", operations)
        + " --constraints "
        + quoted(policies.grantConstraints())
        + " --key-id "
        + (key == null ? quoted("<key>") : keyArn(key));
  }

  /// Returns the commands for the broker's operator, in the broker's account.
  List<String> ofBroker(String principal) {
    if (role == null) {
      return key == null ? List.of() : useOfKey(principal, quoted(asked.resource(principal)));
    }
    return List.of(
        simulate(principal, PolicyDocuments.ASSUMING, quoted(role)) + DECISIONS,
        "aws sts assume-role --role-session-name keybroker-onboarding --query"
            + " 'AssumedRoleUser.Arn' --output text --external-id "
            + externalId
            + " --role-arn "
            + quoted(role));
  }

  /// Returns the commands that show what the policies of a role or user allow of the calls that the
  /// broker makes. The key's policy counts too; another command prints it.
  ///
  /// @param resource one word to the shell
  private List<String> useOfKey(String source, String resource) {
    return List.of(
        simulate(source, policies.underTheContext(), resource)
            + " --context-entries "
            + quoted(policies.contextEntries())
            + DECISIONS,
        simulate(source, List.of(PolicyDocuments.DESCRIBE), resource) + DECISIONS);
  }

  private static String simulate(String source, List<String> actions, String resource) {
    return "aws iam simulate-principal-policy --policy-source-arn "
        + quoted(source)
        + " --action-names "
        + String.join(" ", actions)
        + " --resource-arns "
        + resource;
  }

  private static String describe(KmsArn key) {
    return "aws kms describe-key --region " + key.region() + " --key-id " + key + " --query ";
  }

  /// Returns the key's own ARN, or the command that asks for it.
  private static String keyArn(KmsArn key) {
    return key.isAlias()
        ? "\"$(" + describe(key) + "'KeyMetadata.Arn' --output text)\""
        : key.toString();
  }

  /// One word to the shell.
  private static String quoted(String text) {
    return text.matches("[A-Za-z0-9:/_+=,.@-]*") ? text : "'" + text.replace("'", "'\\''") + "'";
  }
}
