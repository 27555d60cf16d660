package dev.keybroker.keystore;

import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;

/// Disables a KMS key between its check, which it passes, and the key pair that it is to make.
///
/// It is for a [Rotation], which reads the tenant then.
final class DisabledInBetween extends ForwardingKeystores {
  private final TenantAccount account;
  private final String key;

  DisabledInBetween(KeystoreRepository keystores, TenantAccount account, String key) {
    super(keystores);
    this.account = account;
    this.key = key;
  }

  @Override
  public Uni<Tenant> tenant(String tenant) {
    return super.tenant(tenant)
        .emitOn(Infrastructure.getDefaultWorkerPool())
        .invoke(() -> account.kms().disableKey(request -> request.keyId(key)));
  }
}
