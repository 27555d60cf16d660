package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Access;
import dev.keybroker.policy.Policy;
import dev.keybroker.policy.PolicyContext;
import dev.keybroker.policy.PolicyStatement;
import dev.keybroker.policy.Requester;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Refuses KMS requests that key policy, grants and identity-based policies do not allow.
final class KmsAccess {

  private final LocalState state;

  KmsAccess(LocalState state) {
    this.state = state;
  }

  /// Checks an operation on a key that takes no encryption context.
  void check(KmsRequest request, KeyFinder.Found found) {
    check(request, request.operation(), found, null);
  }

  void check(KmsRequest request, KmsKey key) {
    check(request, new KeyFinder.Found(key, null));
  }

  /// Checks an operation that AWS allows in the key's own account only.
  void checkOwn(KmsRequest request, KmsKey key) {
    if (!request.caller().account().equals(key.account())) {
      throw denied(
          request.caller(),
          "kms:" + request.operation(),
          "resource: " + key.arn(),
          Access.NO_CROSS_ACCOUNT_RESOURCE_POLICY);
    }
    check(request, key);
  }

  /// Checks one permission on a key.
  ///
  /// @param permission the action without `kms:`; differs from the operation for ReEncrypt
  /// @param context the encryption context; null where the operation takes none
  void check(
      KmsRequest request,
      String permission,
      KeyFinder.Found found,
      @Nullable Map<String, String> context) {
    Access access = decide(request, permission, found, context);
    if (access != Access.ALLOWED) {
      boolean byCiphertext = permission.equals("Decrypt") && !request.has("KeyId");
      throw denied(
          request.caller(),
          "kms:" + permission,
          byCiphertext && access == Access.NO_CROSS_ACCOUNT_RESOURCE_POLICY
              ? "the resource associated with this ciphertext"
              : "resource: " + found.key().arn(),
          access);
    }
  }

  private Access decide(
      KmsRequest request,
      String permission,
      KeyFinder.Found found,
      @Nullable Map<String, String> context) {
    KmsKey key = found.key();
    Requester caller = request.caller();
    boolean granted =
        grants(request, key).anyMatch(grant -> grants(grant, request, permission, context));
    return Access.decide(
        caller,
        key.account(),
        seenPolicy(key).policy().ofKey(),
        granted,
        "kms:" + permission,
        key.arn(),
        KmsConditions.of(state, request, found, context));
  }

  /// A grant gives what it allows to its grantee. CreateGrant it gives for grants that allow no
  /// more than it does itself.
  private static boolean grants(
      Grant grant, KmsRequest request, String permission, @Nullable Map<String, String> context) {
    return grant.grantedTo(request.caller())
        && grant.allows(permission, context)
        && (!permission.equals("CreateGrant") || grant.terms().cover(GrantTerms.of(request)));
  }

  /// The grants on a key that are seen by now, and those whose tokens the request has.
  private Stream<Grant> grants(KmsRequest request, KmsKey key) {
    List<Grant> present = state.grantsOf(key.arn());
    List<Grant> seen = state.consistency.grants.seen(key.arn(), present);
    List<String> tokens = request.texts("GrantTokens");
    return Stream.concat(
        seen == null ? Stream.empty() : seen.stream(),
        present.stream().filter(grant -> tokens.contains(grant.token())));
  }

  private ResourcePolicy seenPolicy(KmsKey key) {
    ResourcePolicy seen = state.consistency.keyPolicies.seen(key.arn(), key.policy());
    return seen == null ? key.policy() : seen;
  }

  /// Whether `policy`, as the key's policy, would allow the caller, by itself or by delegation
  /// to its account.
  boolean keyPolicyAllows(
      KmsRequest request, String permission, KeyFinder.Found found, ResourcePolicy policy) {
    Policy keyPolicy = policy.policy().ofKey();
    PolicyContext conditions = KmsConditions.of(state, request, found, null);
    String action = "kms:" + permission;
    String arn = found.key().arn();
    return !keyPolicy.denies(request.caller(), action, arn, conditions)
        && keyPolicy.allows(request.caller(), action, arn, conditions)
            != PolicyStatement.Match.NONE;
  }

  /// Checks an operation on no key, or the alias side of an operation, by the caller's policies.
  void checkIdentity(KmsRequest request, String resource) {
    String action = "kms:" + request.operation();
    PolicyContext context = PolicyContext.of(request.caller(), request.region());
    context.put("kms:CallerAccount", request.caller().account());
    Access access = Access.byIdentity(request.caller(), action, resource, context);
    if (access != Access.ALLOWED) {
      throw denied(request.caller(), action, "resource: " + resource, access);
    }
  }

  static AwsException denied(Requester caller, String action, String on, Access access) {
    return KmsErrors.accessDenied(
        "User: "
            + caller.arn()
            + " is not authorized to perform: "
            + action
            + " on "
            + on
            + access.reason(action));
  }
}
