package dev.keybroker.access;

import org.jspecify.annotations.Nullable;

/// The ways in which the deployment lets callers prove their identity.
///
/// @param certificates whether client certificates are accepted
/// @param tokens verifies bearer tokens; null if no issuer is configured
public record Authentication(boolean certificates, @Nullable AccessTokens tokens) {
  /// Whether callers are authenticated at all.
  public boolean isRequired() {
    return certificates || tokens != null;
  }
}
