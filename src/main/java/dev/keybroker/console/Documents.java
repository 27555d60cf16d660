package dev.keybroker.console;

import dev.keybroker.v1.Onboarding;
import java.util.List;

/// What the tenant's administrator and the broker's operator enter in AWS.
record Documents(
    String brokerPrincipal,
    String externalId,
    String keyPolicy,
    String trustPolicy,
    String permissionsPolicy,
    String verificationCommands,
    String createGrantCommand,
    String grantPermissionPolicy,
    String brokerPolicy,
    String brokerCommands,
    List<String> warnings) {
  static Documents of(Onboarding onboarding) {
    return new Documents(
        onboarding.getBrokerPrincipalArn(),
        onboarding.getExternalId(),
        onboarding.getKeyPolicyStatement(),
        onboarding.getTrustPolicy(),
        onboarding.getPermissionsPolicy(),
        String.join("\n", onboarding.getVerificationCommandsList()),
        onboarding.getCreateGrantCommand(),
        onboarding.getGrantPermissionPolicy(),
        onboarding.getBrokerPolicy(),
        String.join("\n", onboarding.getBrokerCommandsList()),
        List.copyOf(onboarding.getWarningsList()));
  }
}
