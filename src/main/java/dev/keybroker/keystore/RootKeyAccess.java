package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsKey;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/// How the broker comes to a root key: which KMS key that is, which role it assumes, and which
/// encryption context goes with it.
public final class RootKeyAccess {
  private static final Tenant NOBODY = new Tenant("", "");

  private final Optional<KmsArn> brokerManagedKey;
  private final KmsContextConfig contextConfig;

  /// @throws IllegalArgumentException where a setting is out of bounds
  public RootKeyAccess(KeystoreConfig config, KmsContextConfig contextConfig) {
    this.brokerManagedKey = config.brokerManagedKeyArn().map(KmsArn::parse);
    this.contextConfig = contextConfig;
    if (config.allowedRegions().isPresent()
        && brokerManagedKey.isPresent()
        && !config.allowedRegions().get().contains(brokerManagedKey.get().region())) {
      throw new IllegalArgumentException(
          "keybroker.keystore.broker-managed-key-arn is not in one of allowed-regions");
    }
    if (contextConfig.tenantKey().equals(contextConfig.keystoreKey())
        || contextConfig.extra().containsKey(contextConfig.tenantKey())
        || contextConfig.extra().containsKey(contextConfig.keystoreKey())) {
      throw new IllegalArgumentException("keybroker.kms-context names one pair twice");
    }
  }

  /// The KMS key behind a tenant's root key, and the role to reach it.
  ///
  /// @throws KeystoreFailure.NoBrokerManagedKey where that is asked for and not configured
  public KmsKey key(RootKey rootKey, Tenant tenant) {
    return switch (rootKey) {
      case RootKey.AwsKms(KmsArn arn, String roleArn) ->
          new KmsKey(arn, roleArn == null ? null : new AssumedRole(roleArn, tenant.externalId()));
      case RootKey.BrokerManaged() ->
          new KmsKey(brokerManagedKey.orElseThrow(KeystoreFailure.NoBrokerManagedKey::new), null);
    };
  }

  /// As [#key], for those who need to know where the key is and whose principal calls.
  KmsKey locate(RootKey rootKey) {
    return key(rootKey, NOBODY);
  }

  /// The encryption context of KMS calls for a new KEK of this keystore.
  public KmsContext context(KeystoreName keystore) {
    Map<String, String> pairs = new HashMap<>(contextConfig.extra());
    pairs.put(contextConfig.tenantKey(), keystore.tenant());
    pairs.put(contextConfig.keystoreKey(), keystore.keystore());
    return new KmsContext(pairs);
  }
}
