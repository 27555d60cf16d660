package dev.keybroker.embedded.kms;

import dev.keybroker.policy.PolicyContext;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The condition keys of a KMS request on a key.
final class KmsConditions {

  private static final List<String> GRANT_MANAGEMENT =
      List.of("CreateGrant", "ListGrants", "RevokeGrant");

  private KmsConditions() {}

  /// @param context the encryption context; null where the operation takes none
  static PolicyContext of(
      LocalState state,
      KmsRequest request,
      KeyFinder.Found found,
      @Nullable Map<String, String> context) {
    KmsKey key = found.key();
    PolicyContext conditions = PolicyContext.of(request.caller(), request.region());
    conditions
        .put("kms:CallerAccount", request.caller().account())
        .put("kms:KeySpec", key.attributes().keySpec())
        .put("kms:KeyUsage", key.attributes().keyUsage())
        .put("kms:KeyOrigin", key.attributes().origin())
        .put("kms:MultiRegion", String.valueOf(key.multiRegion()))
        .put("kms:ResourceAliases", aliases(state, key));
    key.tags().forEach((tag, value) -> conditions.put("aws:ResourceTag/" + tag, value));
    if (found.aliasName() != null) {
      conditions.put("kms:RequestAlias", found.aliasName());
    }
    if (context != null) {
      encryptionContext(conditions, context);
    }
    String pairSpec = request.text("KeyPairSpec");
    if (pairSpec != null) {
      conditions.put("kms:DataKeyPairSpec", pairSpec);
    }
    if (GRANT_MANAGEMENT.contains(request.operation())) {
      boolean byService = request.caller().facts().containsKey("kms:ViaService");
      conditions.put("kms:GrantIsForAWSResource", String.valueOf(byService));
    }
    if (request.operation().equals("CreateGrant")) {
      grant(conditions, request);
    }
    return conditions;
  }

  /// A CreateGrant takes no encryption context; its constraints stand for one.
  private static void grant(PolicyContext conditions, KmsRequest request) {
    GrantTerms terms = GrantTerms.of(request);
    conditions.put("kms:GrantOperations", terms.operations());
    conditions.put("kms:GranteePrincipal", request.text("GranteePrincipal", ""));
    conditions.put("kms:GrantConstraintType", terms.constraintTypes());
    String retiring = request.text("RetiringPrincipal");
    if (retiring != null) {
      conditions.put("kms:RetiringPrincipal", retiring);
    }
    encryptionContext(conditions, terms.context());
  }

  private static void encryptionContext(PolicyContext conditions, Map<String, String> context) {
    if (!context.isEmpty()) {
      conditions.put("kms:EncryptionContextKeys", context.keySet());
      context.forEach((name, value) -> conditions.put("kms:EncryptionContext:" + name, value));
    }
  }

  private static List<String> aliases(LocalState state, KmsKey key) {
    return state.aliases.values().stream()
        .filter(alias -> alias.targetArn().equals(key.arn()))
        .map(Alias::name)
        .toList();
  }
}
