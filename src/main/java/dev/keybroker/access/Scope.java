package dev.keybroker.access;

import dev.keybroker.kek.KeystoreName;
import org.jspecify.annotations.Nullable;

/// The resources to which a permission applies: all, a tenant with all its keystores, or one
/// keystore.
///
/// @param tenant null if the scope is everywhere
/// @param keystore null if the scope is not a single keystore
record Scope(@Nullable String tenant, @Nullable String keystore) {
  private static final String TENANTS = "tenants/";
  private static final String KEYSTORES = "/keystores/";

  /// @throws IllegalArgumentException with the accepted forms
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
