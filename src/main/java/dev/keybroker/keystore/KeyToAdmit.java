package dev.keybroker.keystore;

import dev.keybroker.kms.KmsArn;
import org.jspecify.annotations.Nullable;

/// The key to which a tenant admits the broker, as far as it is known.
///
/// @param arn the key or an alias of it; null if it is not known yet
/// @param roleArn the tenant's role; null if it is not known yet or there will be none
/// @param inCustomKeyStore whether the key is in a custom key store, which needs `kms:Encrypt`
public record KeyToAdmit(@Nullable KmsArn arn, @Nullable String roleArn, boolean inCustomKeyStore) {

  /// The AWS partition of the key: accounts, and so keys, roles and principals, belong to one.
  String partition(String brokerPrincipalArn) {
    if (arn != null) {
      return arn.partition();
    }
    String known = roleArn != null ? roleArn : brokerPrincipalArn;
    return known.split(":", 3)[1];
  }

  /// The key as the Resource of an IAM policy, which names keys only, no aliases. After an alias
  /// was moved, the former key is still needed, so an alias stands for the keys of its account and
  /// region.
  String resource(String brokerPrincipalArn) {
    if (arn == null) {
      return "arn:" + partition(brokerPrincipalArn) + ":kms:*:*:key/*";
    }
    return arn.isAlias()
        ? new KmsArn(arn.partition(), arn.region(), arn.account(), "key/").toString() + "*"
        : arn.toString();
  }
}
