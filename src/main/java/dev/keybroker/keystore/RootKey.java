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
  /// @param grantId the grant by which the broker's own principal uses the key; the role then only
  ///     creates grants; null if there is no grant
  record TenantManaged(KmsArn arn, @Nullable String roleArn, @Nullable String grantId)
      implements RootKey {
    /// A key that is not used by a grant.
    public TenantManaged(KmsArn arn, @Nullable String roleArn) {
      this(arn, roleArn, null);
    }
  }

  /// The operator's KMS key, for a tenant that brings none.
  record BrokerManaged() implements RootKey {}
}
