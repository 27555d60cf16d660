package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsKey;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// How the broker reaches a root key: which KMS key it is, which role the broker assumes, and which
/// encryption context it sends.
@Singleton
public final class RootKeyAccess {
  private static final Tenant NOBODY = new Tenant("", "");

  private final Optional<KmsArn> brokerManagedKey;
  private final KmsContextConfig contextConfig;

  public RootKeyAccess(KeystoreConfig config, KmsContextConfig contextConfig) {
    this.brokerManagedKey = config.brokerManagedKeyArn().map(KmsArn::parse);
    this.contextConfig = contextConfig;
  }

  /// Returns how a keystore's new KEKs use the KMS key behind its root key.
  ///
  /// @throws KeystoreFailure.NoBrokerManagedKey if that key is requested and not configured
  public KeyUse use(RootKey rootKey, Tenant tenant, KeystoreName keystore) {
    return new KeyUse(key(rootKey, tenant), context(keystore));
  }

  /// Like [#use(RootKey, Tenant, KeystoreName)], for callers that assume no role.
  KeyUse useByGrant(RootKey rootKey, KeystoreName keystore) {
    return use(rootKey, NOBODY, keystore);
  }

  private KmsKey key(RootKey rootKey, Tenant tenant) {
    return switch (rootKey) {
      case RootKey.TenantManaged(KmsArn arn, String roleArn, String grantId) ->
          grantId != null || roleArn == null
              ? new KmsKey(arn, null, grantId)
              : new KmsKey(arn, new AssumedRole(roleArn, tenant.externalId()));
      case RootKey.BrokerManaged() ->
          new KmsKey(brokerManagedKey.orElseThrow(KeystoreFailure.NoBrokerManagedKey::new), null);
    };
  }

  /// Returns where the KMS key is and which principal calls it.
  KmsKey locate(RootKey rootKey) {
    return key(rootKey, NOBODY);
  }

  private KmsContext context(KeystoreName keystore) {
    Map<String, String> pairs = new HashMap<>(contextConfig.extra());
    pairs.put(contextConfig.tenantKey(), keystore.tenant());
    pairs.put(contextConfig.keystoreKey(), keystore.keystore());
    return new KmsContext(pairs);
  }
}
