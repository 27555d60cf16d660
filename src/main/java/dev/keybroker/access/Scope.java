package dev.keybroker.access;

import dev.keybroker.kek.KeystoreName;
import org.jspecify.annotations.Nullable;

/// Where a permission holds: everywhere, on a tenant with all its keystores, or on one keystore.
///
/// @param tenant null where it is everywhere
/// @param keystore null where it is not one keystore
record Scope(@Nullable String tenant, @Nullable String keystore) {
  private static final String TENANTS = "tenants/";
  private static final String KEYSTORES = "/keystores/";

  /// @throws IllegalArgumentException with the forms that there are
  static Scope parse(String text) {
    if (text.equals(TENANTS + "*")) {
      return new Scope(null, null);
    }
    if (text.startsWith(TENANTS)) {
      int split = text.indexOf(KEYSTORES, TENANTS.length());
      String tenant = text.substring(TENANTS.length(), split < 0 ? text.length() : split);
      String keystore = split < 0 ? null : text.substring(split + KEYSTORES.length());
      if (KeystoreName.isId(tenant) && (keystore == null || KeystoreName.isId(keystore))) {
        return new Scope(tenant, keystore);
      }
    }
    throw new IllegalArgumentException(
        "must be tenants/*, tenants/{tenant} or tenants/{tenant}/keystores/{keystore}");
  }
}
