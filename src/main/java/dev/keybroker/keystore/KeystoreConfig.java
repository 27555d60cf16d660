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

  /// The only AWS regions in which the broker calls KMS keys, the first choice first. A
  /// multi-Region key is called in its own region if that is listed, otherwise, or while its region
  /// does not answer, under the ARN of its primary or a replica in another listed region. KEKs
  /// whose root key is in no listed region cannot be unwrapped with. STS of a listed region is
  /// asked while that of the home region does not answer. Absent: all regions, each key in its own
  /// only.
  Optional<List<String>> allowedRegions();

  /// Whether a tenant's root key without a role may be in the broker's own account. Switch it off
  /// if tenants' keys are in accounts of their own: then no tenant can name a key of the operator,
  /// whose policies may admit the broker for other purposes. It holds for tests and saves;
  /// `broker-managed-key-arn` is not concerned.
  @WithDefault("true")
  boolean ownAccountKeys();
}
