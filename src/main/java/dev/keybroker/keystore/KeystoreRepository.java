package dev.keybroker.keystore;

import dev.keybroker.access.Reach;
import dev.keybroker.kek.KeystoreName;
import io.smallrye.mutiny.Uni;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The tenants and keystores in the database. Fails with [KeystoreFailure] or
/// [dev.keybroker.kek.KekFailure] (`UnknownKeystore`, `StoreUnavailable`).
///
/// A keystore is saved with a mark if it needs a KEK at once, because it has none or its root key
/// changed. The caller that saves it also makes the KEK. If that process dies before it has, the
/// scheduled rotation makes the KEK.
public interface KeystoreRepository {
  /// Returns the tenant. Its row and external id are created on first use.
  Uni<Tenant> tenant(String tenant);

  /// Saves a new keystore, marked as needing its first KEK. If the keystore exists, returns the
  /// existing one. Fails with [KeystoreFailure.Deleted] if there was one of this name.
  Uni<Inserted> insert(KeystoreName name, KeystoreSettings settings);

  Uni<Keystore> find(KeystoreName name);

  /// Returns up to `limit` ids of tenants within reach that have keystores, sorted, starting with
  /// the first after `after`.
  Uni<List<String>> tenants(Reach reach, @Nullable String after, int limit);

  /// Returns up to `limit` keystores of a tenant by id, starting with the first after `after`. One
  /// query, whose cost does not depend on the number of keystores before `after`.
  Uni<List<Keystore>> list(String tenant, KeystoreFilter filter, @Nullable String after, int limit);

  /// Saves settings if the keystore still has this version; otherwise fails with
  /// [KeystoreFailure.Changed]. If the settings make different KEKs, marks the keystore as needing
  /// one.
  Uni<Keystore> update(KeystoreName name, long version, KeystoreSettings settings);

  /// A keystore that is now in the database.
  ///
  /// @param isNew false if it already existed
  record Inserted(Keystore keystore, boolean isNew) {}
}
