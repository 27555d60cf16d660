package dev.keybroker.keystore;

import dev.keybroker.kms.KmsArn;
import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.List;
import java.util.Optional;

/// The root keys that the deployment allows.
@ConfigMapping(prefix = "keybroker.keystore")
public interface KeystoreConfig {
  /// The key ARN or alias ARN of the operator's own KMS key, for tenants that bring none. Absent:
  /// every keystore needs a key of its tenant.
  @Bounds(pattern = KmsArn.FORM, form = "the ARN of a KMS key or alias")
  Optional<String> brokerManagedKeyArn();

  /// The only AWS regions in which the broker calls KMS keys, the first choice first. A
  /// multi-Region key is called in its own region if that is listed. Otherwise, or while its region
  /// does not answer, it is called under the ARN of its primary or a replica in another listed
  /// region. KEKs whose root key is in no listed region cannot be used to unwrap. While STS in the
  /// home region does not answer, the broker calls STS in a listed region. Absent: all regions,
  /// each key in its own only.
  Optional<List<String>> allowedRegions();

  /// Whether a tenant's root key without a role may be in the broker's own account. Switch it off
  /// if tenants' keys are in their own accounts: then no tenant can name a key of the operator,
  /// whose policies may allow the broker for other purposes. It applies to tests and saves, but not
  /// to `broker-managed-key-arn`.
  @WithDefault("true")
  boolean ownAccountKeys();
}
