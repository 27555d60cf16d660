package dev.keybroker.keystore;

import dev.keybroker.kms.GrantOperations;
import dev.keybroker.kms.PolicyPrincipal;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;

/// Writes the documents by which a tenant gives the broker access to a KMS key, with this tenant's
/// values. Thread-safe.
@Singleton
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

  /// Returns the documents for a tenant. Fails with [dev.keybroker.kms.KmsFailure] if the broker
  /// does not know its own principal yet, or with [dev.keybroker.kek.KekFailure].
  ///
  /// @param key the key, as far as it is known
  public Uni<OnboardingDocuments> of(String tenant, KeyToAdmit key) {
    return diagnosis
        .ownPrincipal()
        .map(PolicyPrincipal::of)
        .chain(
            principal -> keystores.tenant(tenant).map(known -> documents(principal, known, key)));
  }

  OnboardingDocuments documents(String principal, Tenant tenant, KeyToAdmit key) {
    String contextKey = PolicyDocuments.CONTEXT_KEY + context.tenantKey();
    PolicyDocuments policies = new PolicyDocuments(contextKey, tenant.id(), key.inCustomKeyStore());
    OnboardingCommands commands = new OnboardingCommands(policies, key, tenant.externalId());
    String role = key.roleArn();
    String resource = key.resource(principal);
    return new OnboardingDocuments(
        principal,
        tenant.externalId(),
        policies.keyPolicyStatements(role == null ? principal : role),
        policies.trustPolicy(principal, tenant.externalId()),
        policies.permissionsPolicy(resource),
        commands.ofTenant(),
        commands.createGrant(principal, GrantOperations.of(key.inCustomKeyStore())),
        policies.grantPermission(principal, resource, GrantOperations.of(key.inCustomKeyStore())),
        role == null ? policies.permissionsPolicy(resource) : policies.rolePolicy(role),
        commands.ofBroker(principal));
  }
}
