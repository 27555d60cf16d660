package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Arn;
import java.security.PublicKey;
import java.time.InstantSource;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Makes what an AWS account comes with, or what its administrator makes by hand: principals
/// with credentials, roles, AWS managed keys. Each method may be called again with the same
/// arguments, and then changes policies but no identity and no credentials.
final class Provisioning {

  private static final String POLICY_NAME = "local";

  private final LocalState state;
  private final Identities identities;
  private final KeyOperations keys;
  private final InstantSource clock;
  private final PolicyCheck check;

  Provisioning(LocalState state, Identities identities, KeyOperations keys, InstantSource clock) {
    this.state = state;
    this.identities = identities;
    this.keys = keys;
    this.clock = clock;
    this.check = new PolicyCheck(state, IamErrors::malformedPolicy);
  }

  /// @param name a user's name, with or without a path; or `root`
  LocalCredentials principal(String account, String name, @Nullable String policy) {
    checkAccount(account);
    if (name.equals("root")) {
      return identities.accessKey(account, Arn.root(state.partition(account), account));
    }
    String arn = arn(account, "user", name);
    if (policy != null) {
      check.identityPolicy(policy);
    }
    return state.change(
        () -> {
          if (!state.users.containsKey(arn)) {
            identities.createUser(arn, Map.of());
          }
          identities.changeUser(
              arn,
              user ->
                  policy == null
                      ? user.withoutPolicy(POLICY_NAME)
                      : user.withPolicy(POLICY_NAME, policy));
          return identities.accessKey(account, arn);
        });
  }

  String role(String account, String name, String trustPolicy, @Nullable String policy) {
    checkAccount(account);
    String arn = arn(account, "role", name);
    ResourcePolicy trust = check.trustPolicy(trustPolicy);
    if (policy != null) {
      check.identityPolicy(policy);
    }
    return state.change(
        () -> {
          if (!state.roles.containsKey(arn)) {
            identities.createRole(arn, trust);
          }
          identities.changeRole(
              arn,
              role ->
                  (policy == null
                          ? role.withoutPolicy(POLICY_NAME)
                          : role.withPolicy(POLICY_NAME, policy))
                      .withTrustPolicy(trust));
          return arn;
        });
  }

  /// Puts an account into a partition, before it has principals.
  void partition(String account, String partition) {
    checkAccount(account);
    if (!Arns.isPartition(partition)) {
      throw new IllegalArgumentException("no partition of AWS: " + partition);
    }
    state.change(
        () -> {
          String known = state.partition(account);
          boolean used =
              state.entityIds().keySet().stream()
                  .anyMatch(arn -> arn.contains("::" + account + ":"));
          if (used && !known.equals(partition)) {
            throw new IllegalArgumentException(
                "account " + account + " has principals in the partition " + known);
          }
          return state.partitions.put(account, partition);
        });
  }

  /// Replaces the keys that an OIDC issuer publishes.
  void issuerKeys(String issuer, Map<String, PublicKey> published) {
    if (!issuer.startsWith(OidcProvider.SCHEME)) {
      throw new IllegalArgumentException("an issuer begins with https://: " + issuer);
    }
    state.issuerKeys.put(issuer.substring(OidcProvider.SCHEME.length()), Map.copyOf(published));
  }

  /// Makes an account a member of an organization.
  void organization(String account, String organizationId) {
    checkAccount(account);
    state.change(() -> state.organizations.put(account, organizationId));
  }

  /// The key behind `alias/aws/{service}`.
  String awsManagedKey(String account, String region, String service) {
    checkAccount(account);
    String alias = "alias/aws/" + service;
    return state.change(
        () -> {
          Alias known = state.aliases.get(Arns.alias(account, region, alias));
          if (known != null) {
            return known.targetArn();
          }
          KmsKey key =
              keys.add(
                  new KmsKey(
                      account,
                      region,
                      UUID.randomUUID().toString(),
                      clock.instant(),
                      new KeyAttributes(
                          KmsKey.SYMMETRIC, "ENCRYPT_DECRYPT", "AWS_KMS", "AWS", null, null),
                      null,
                      KeyState.ENABLED,
                      null,
                      null,
                      "Default key that protects my data when no other key is defined",
                      ResourcePolicy.unbound(DefaultPolicies.awsManaged(account, region, service)),
                      null,
                      Map.of()));
          Alias made = new Alias(account, region, alias, key.keyId(), key.created(), key.created());
          state.aliases.put(made.arn(), made);
          return key.arn();
        });
  }

  private String arn(String account, String kind, String name) {
    int slash = name.lastIndexOf('/') + 1;
    return Arns.iam(
        state.partition(account),
        account,
        kind,
        "/" + name.substring(0, slash),
        name.substring(slash));
  }

  private static void checkAccount(String account) {
    if (!Arn.isAccount(account)) {
      throw new IllegalArgumentException("an account id has 12 digits: " + account);
    }
  }
}
