package dev.keybroker.keystore;

import org.jspecify.annotations.Nullable;

/// What a caller says about the grant by which a root key is used. Never saved.
///
/// @param token the grant's token; null if KMS has spread the grant
/// @param create whether the broker is to create the grant
public record GivenGrant(@Nullable String token, boolean create) {
  /// Leaves out the token.
  @Override
  public String toString() {
    return create ? "to create" : "given";
  }
}
