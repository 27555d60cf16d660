package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import io.smallrye.mutiny.Uni;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Tenants and keystores as the database sees them. Fails with [KeystoreFailure] or
/// [dev.keybroker.kek.KekFailure] (`UnknownKeystore`, `StoreUnavailable`).
///
/// A keystore whose next KEK is wanted at once, since it has none or its root key changed, is saved
/// as such. Whoever saves makes the KEK too; where that process dies before, the scheduled rotation
/// mends it.
public interface KeystoreRepository {
  /// The tenant; its row and external id are made on first use.
  Uni<Tenant> tenant(String tenant);

  /// Saves a new keystore, its first KEK wanted. Where it exists, that one is the answer.
  Uni<Inserted> insert(KeystoreName name, KeystoreSettings settings);

  Uni<Keystore> find(KeystoreName name);

  /// Up to `limit` keystores of a tenant by id, from the first one after `after`.
  Uni<List<Keystore>> list(String tenant, @Nullable String after, int limit);

  /// Saves settings where the keystore still has this version, otherwise fails with
  /// [KeystoreFailure.Changed]. Where the settings make other KEKs, one is wanted.
  Uni<Keystore> update(KeystoreName name, long version, KeystoreSettings settings);

  /// A keystore that is saved now.
  ///
  /// @param isNew false where it was there
  record Inserted(Keystore keystore, boolean isNew) {}
}
