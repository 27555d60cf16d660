package dev.keybroker.access;

import org.jspecify.annotations.Nullable;

/// What a call is about: a tenant, or one keystore of it.
///
/// @param keystore null where it is the tenant itself
public record Target(String tenant, @Nullable String keystore) {
  /// Its resource name, `tenants/{tenant}` or `tenants/{tenant}/keystores/{keystore}`.
  public String name() {
    String parent = "tenants/" + tenant;
    return keystore == null ? parent : parent + "/keystores/" + keystore;
  }
}
