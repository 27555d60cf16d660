package dev.keybroker.kms;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A KMS key and how to reach it: as the broker's own principal, as a role, or by a grant to the
/// broker's own principal.
///
/// @param arn its key ARN or an alias ARN
/// @param role the role to assume; null means the broker's own principal
/// @param grantId the grant; null if the key's policy is to allow the calls
public record KmsKey(KmsArn arn, @Nullable AssumedRole role, @Nullable String grantId) {
  public KmsKey {
    if (role != null && grantId != null) {
      throw new IllegalArgumentException("a grant is to the broker's own principal, not to a role");
    }
  }

  /// A key that is not reached by a grant.
  public KmsKey(KmsArn arn, @Nullable AssumedRole role) {
    this(arn, role, null);
  }

  /// The key by another name: its key ARN instead of an alias, or a replica.
  public KmsKey of(KmsArn name) {
    return name.equals(arn) ? this : new KmsKey(name, role, grantId);
  }

  /// Whether one call can use both keys: the same principal reaches them, in the same region.
  public boolean sharesCallsWith(KmsKey other) {
    return Objects.equals(role, other.role)
        && arn.partition().equals(other.arn.partition())
        && arn.region().equals(other.arn.region());
  }

  /// What a request id in an audit record is followed by: how the call was allowed.
  public String way() {
    return role != null ? " by role" : grantId != null ? " by grant" : "";
  }
}
