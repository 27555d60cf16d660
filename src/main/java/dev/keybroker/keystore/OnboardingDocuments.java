package dev.keybroker.keystore;

import java.util.List;

/// The documents that a tenant's administrator and the broker's operator paste into AWS. None of
/// them is secret.
///
/// @param keyPolicyStatement JSON: an array of the statements to add to the key's policy
/// @param trustPolicy JSON: the trust policy of the tenant's role
/// @param permissionsPolicy JSON: the permissions policy of the tenant's role
/// @param verificationCommands AWS CLI commands that show, from the tenant's side, what exists
/// @param createGrantCommand the AWS CLI command that grants the broker the use of the key
/// @param grantPermissionPolicy JSON: what the principal needs that creates this grant
/// @param brokerPolicy JSON: the IAM policy of the broker's own principal for this tenant
/// @param brokerCommands AWS CLI commands that show, from the broker's side, what it may do
public record OnboardingDocuments(
    String brokerPrincipalArn,
    String externalId,
    String keyPolicyStatement,
    String trustPolicy,
    String permissionsPolicy,
    List<String> verificationCommands,
    String createGrantCommand,
    String grantPermissionPolicy,
    String brokerPolicy,
    List<String> brokerCommands) {
  public OnboardingDocuments {
    verificationCommands = List.copyOf(verificationCommands);
    brokerCommands = List.copyOf(brokerCommands);
  }
}
