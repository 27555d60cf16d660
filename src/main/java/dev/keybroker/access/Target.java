package dev.keybroker.access;

import org.jspecify.annotations.Nullable;

/// The resource of a call: a tenant, or one of its keystores.
///
/// @param keystore null if the target is the tenant itself
public record Target(String tenant, @Nullable String keystore) {
  /// The target of a call that names no tenant: whichever ones the caller has the permission on.
  /// `-` is no tenant's id.
  public static final Target REACHABLE_TENANTS = new Target("-", null);

  /// Its resource name, `tenants/{tenant}` or `tenants/{tenant}/keystores/{keystore}`.
  public String name() {
    String parent = "tenants/" + tenant;
    return keystore == null ? parent : parent + "/keystores/" + keystore;
  }
}
