package dev.keybroker.keystore;

import dev.keybroker.kms.KmsArn;
import org.jspecify.annotations.Nullable;

/// Which keystores of a tenant to list. A component that is null or false does not filter.
///
/// @param leaving whether their deletion is scheduled
/// @param id the id, or how ids start
/// @param prefix whether `id` is only the start
/// @param rootKey the root key, or the key that encrypts the private key of the ACTIVE KEK
/// @param failing true for those with a last error
public record KeystoreFilter(
    @Nullable Boolean leaving,
    @Nullable String id,
    boolean prefix,
    @Nullable KmsArn rootKey,
    boolean failing) {
  /// All keystores.
  public static final KeystoreFilter NONE = new KeystoreFilter(null, null, false, null, false);
}
