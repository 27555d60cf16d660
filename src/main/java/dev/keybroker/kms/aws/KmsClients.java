package dev.keybroker.kms.aws;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import com.github.benmanes.caffeine.cache.RemovalCause;
import dev.keybroker.kms.AssumedRole;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.regions.Region;

/// The SDK clients in use, one per role and region, made on demand and bounded.
final class KmsClients implements AutoCloseable {
  private record RoleInRegion(@Nullable AssumedRole role, String region) {}

  private final LoadingCache<RoleInRegion, LeasedClient> clients;

  KmsClients(AwsClients sdk, int capacity) {
    this.clients =
        Caffeine.newBuilder()
            .maximumSize(capacity)
            .executor(sdk.executor())
            .removalListener(KmsClients::retire)
            .build(key -> new LeasedClient(sdk.kms(Region.of(key.region()))));
  }

  /// Leases the client for a role and a region. The caller releases it when its call has ended.
  LeasedClient lease(@Nullable AssumedRole role, String region) {
    RoleInRegion key = new RoleInRegion(role, region);
    while (true) {
      LeasedClient client = clients.get(key);
      if (client.tryLease()) {
        return client;
      }
      // The client was evicted between the two lines above. The next lookup makes another one.
    }
  }

  private static void retire(
      @Nullable RoleInRegion key, @Nullable LeasedClient client, RemovalCause cause) {
    if (client != null) {
      client.release();
    }
  }

  @Override
  public void close() {
    clients.invalidateAll();
    clients.cleanUp();
  }
}
