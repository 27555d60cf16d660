package dev.keybroker.keystore;

import dev.keybroker.access.Reach;
import dev.keybroker.kek.KeystoreName;
import io.smallrye.mutiny.Uni;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Another repository, for a test that comes between.
class ForwardingKeystores implements KeystoreRepository {
  private final KeystoreRepository keystores;

  ForwardingKeystores(KeystoreRepository keystores) {
    this.keystores = keystores;
  }

  @Override
  public Uni<Tenant> tenant(String tenant) {
    return keystores.tenant(tenant);
  }

  @Override
  public Uni<Inserted> insert(KeystoreName name, KeystoreSettings settings) {
    return keystores.insert(name, settings);
  }

  @Override
  public Uni<Keystore> find(KeystoreName name) {
    return keystores.find(name);
  }

  @Override
  public Uni<List<String>> tenants(Reach reach, @Nullable String after, int limit) {
    return keystores.tenants(reach, after, limit);
  }

  @Override
  public Uni<List<Keystore>> list(
      String tenant, KeystoreFilter filter, @Nullable String after, int limit) {
    return keystores.list(tenant, filter, after, limit);
  }

  @Override
  public Uni<Keystore> update(KeystoreName name, long version, KeystoreSettings settings) {
    return keystores.update(name, version, settings);
  }
}
