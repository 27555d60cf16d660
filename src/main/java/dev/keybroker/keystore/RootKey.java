package dev.keybroker.keystore;

import dev.keybroker.kms.KmsArn;
import org.jspecify.annotations.Nullable;

/// The key that encrypts the private half of a keystore's KEKs.
public sealed interface RootKey {
  /// The tenant's own KMS key.
  ///
  /// @param arn its key ARN or an alias ARN
  /// @param roleArn the tenant's role that the broker assumes; null means the broker's own
  ///     principal
  record TenantManaged(KmsArn arn, @Nullable String roleArn) implements RootKey {}

  /// The operator's KMS key, for a tenant that brings none.
  record BrokerManaged() implements RootKey {}
}
