package dev.keybroker.keystore;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.List;
import java.util.Optional;

/// What root keys the deployment admits.
@ConfigMapping(prefix = "keybroker.keystore")
public interface KeystoreConfig {
  /// The key ARN or alias ARN of the operator's own KMS key, for tenants that bring none. Absent:
  /// every keystore needs a key of its tenant.
  Optional<String> brokerManagedKeyArn();

  /// The AWS regions in which root keys may be. A multi-Region key passes where its primary or one
  /// of its replicas is in one of them. Absent: all regions.
  Optional<List<String>> allowedRegions();

  /// Whether a tenant's root key without a role may be in the broker's own account. Switch it off
  /// if tenants' keys are in accounts of their own: then no tenant can name a key of the operator,
  /// whose policies may admit the broker for other purposes. It holds for tests and saves;
  /// `broker-managed-key-arn` is not concerned.
  @WithDefault("true")
  boolean ownAccountKeys();
}
