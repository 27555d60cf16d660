package dev.keybroker.embedded.kms;

import java.util.Map;
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
    Caller caller = request.caller();
    boolean granted =
        state.grantsOf(key.arn()).stream()
            .anyMatch(g -> caller.is(g.granteePrincipal()) && g.allows(permission, context));
    return Access.decide(
        caller,
        key.account(),
        Policy.of(key.policy()),
        granted,
        "kms:" + permission,
        key.arn(),
        conditions(request, found, context));
  }

  /// Whether `policy`, as the key's policy, would allow the caller, by itself or by delegation
  /// to its account.
  boolean keyPolicyAllows(
      KmsRequest request, String permission, KeyFinder.Found found, String policy) {
    Policy keyPolicy = Policy.of(policy);
    PolicyContext conditions = conditions(request, found, null);
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

  static AwsException denied(Caller caller, String action, String on, Access access) {
    return KmsErrors.accessDenied(
        "User: "
            + caller.arn()
            + " is not authorized to perform: "
            + action
            + " on "
            + on
            + access.reason(action));
  }

  private static PolicyContext conditions(
      KmsRequest request, KeyFinder.Found found, @Nullable Map<String, String> context) {
    KmsKey key = found.key();
    PolicyContext conditions = PolicyContext.of(request.caller(), request.region());
    conditions
        .put("kms:CallerAccount", request.caller().account())
        .put("kms:KeySpec", key.attributes().keySpec())
        .put("kms:KeyUsage", key.attributes().keyUsage())
        .put("kms:KeyOrigin", key.attributes().origin())
        .put("kms:MultiRegion", String.valueOf(key.multiRegion()))
        .put("kms:GrantIsForAWSResource", "false");
    key.tags().forEach((tag, value) -> conditions.put("aws:ResourceTag/" + tag, value));
    if (found.aliasName() != null) {
      conditions.put("kms:RequestAlias", found.aliasName());
    }
    if (context != null && !context.isEmpty()) {
      conditions.put("kms:EncryptionContextKeys", context.keySet());
      context.forEach((name, value) -> conditions.put("kms:EncryptionContext:" + name, value));
    }
    String pairSpec = request.text("KeyPairSpec");
    if (pairSpec != null) {
      conditions.put("kms:DataKeyPairSpec", pairSpec);
    }
    if (request.operation().equals("CreateGrant")) {
      conditions.put("kms:GrantOperations", request.texts("Operations"));
      conditions.put("kms:GranteePrincipal", request.text("GranteePrincipal", ""));
    }
    return conditions;
  }
}
