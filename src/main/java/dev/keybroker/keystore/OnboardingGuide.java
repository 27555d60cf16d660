package dev.keybroker.keystore;

import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.PolicyPrincipal;
import io.smallrye.mutiny.Uni;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Writes the documents by which a tenant admits the broker to a KMS key, with this tenant's
/// values. Thread-safe.
public final class OnboardingGuide {
  private final KeystoreRepository keystores;
  private final Diagnosis diagnosis;
  private final KmsContextConfig context;

  public OnboardingGuide(
      KeystoreRepository keystores, Diagnosis diagnosis, KmsContextConfig context) {
    this.keystores = keystores;
    this.diagnosis = diagnosis;
    this.context = context;
  }

  /// The documents for a tenant. Fails with [dev.keybroker.kms.KmsFailure] where the broker does
  /// not know its own principal yet, or [dev.keybroker.kek.KekFailure].
  ///
  /// @param keyArn the tenant's key, empty where it is not known yet
  /// @param roleArn the tenant's role, empty where it is not known yet or there will be none
  public Uni<OnboardingDocuments> of(String tenant, String keyArn, String roleArn) {
    return diagnosis
        .ownPrincipal()
        .map(PolicyPrincipal::of)
        .chain(
            principal ->
                keystores
                    .tenant(tenant)
                    .map(
                        known ->
                            documents(
                                principal,
                                known,
                                keyArn.isEmpty() ? null : KmsArn.parse(keyArn),
                                roleArn.isEmpty() ? null : roleArn)));
  }

  OnboardingDocuments documents(
      String principal, Tenant tenant, @Nullable KmsArn key, @Nullable String roleArn) {
    PolicyDocuments policies =
        new PolicyDocuments("kms:EncryptionContext:" + context.tenantKey(), tenant.id());
    return new OnboardingDocuments(
        principal,
        tenant.externalId(),
        policies.keyPolicyStatements(roleArn == null ? principal : roleArn),
        policies.trustPolicy(principal, tenant.externalId()),
        policies.permissionsPolicy(keys(key)),
        commands(key, roleArn));
  }

  /// An IAM policy names keys only, no aliases; and where an alias is moved, the former key is
  /// needed as well. So for an alias it is the keys of its account and region.
  private static String keys(@Nullable KmsArn key) {
    if (key == null) {
      return "arn:*:kms:*:*:key/*";
    }
    return key.isAlias()
        ? new KmsArn(key.partition(), key.region(), key.account(), "key/").toString() + "*"
        : key.toString();
  }

  /// Queries are quoted: to zsh, brackets are a pattern that no file matches, which is an error.
  private static List<String> commands(@Nullable KmsArn key, @Nullable String roleArn) {
    List<String> commands = new ArrayList<>();
    if (key != null) {
      String describe =
          "aws kms describe-key --region " + key.region() + " --key-id " + key + " --query ";
      commands.add(
          describe + "'KeyMetadata.[Arn,KeyState,KeyUsage,KeySpec,KeyManager]' --output text");
      commands.add(
          "aws kms get-key-policy --region "
              + key.region()
              + " --policy-name default --query 'Policy' --output text --key-id "
              + (key.isAlias() ? "\"$(" + describe + "'KeyMetadata.Arn' --output text)\"" : key));
    }
    if (roleArn != null) {
      // `=`, since a role's name may begin with `-`.
      String roleName = roleArn.substring(roleArn.lastIndexOf('/') + 1);
      commands.add(
          "aws iam get-role --query 'Role.AssumeRolePolicyDocument' --role-name=" + roleName);
      commands.add("aws iam list-role-policies --role-name=" + roleName);
      commands.add("aws iam list-attached-role-policies --role-name=" + roleName);
    }
    return commands;
  }
}
