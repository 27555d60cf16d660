package dev.keybroker.access;

import org.jspecify.annotations.Nullable;

/// How callers prove who they are, as the deployment configures it.
///
/// @param certificates by client certificates
/// @param tokens by bearer tokens; null where no issuer is configured
public record Authentication(boolean certificates, @Nullable AccessTokens tokens) {
  /// Whether anybody is asked at all.
  public boolean isRequired() {
    return certificates || tokens != null;
  }
}
