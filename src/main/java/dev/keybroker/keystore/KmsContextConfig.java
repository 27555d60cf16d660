package dev.keybroker.keystore;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.Map;

/// The encryption context of KMS calls. Each KEK records the one that it was made with, so that a
/// change concerns new KEKs only; the tenants' key policies must admit both as long as KEKs of both
/// are in use.
@ConfigMapping(prefix = "keybroker.kms-context")
public interface KmsContextConfig {
  /// The name of the pair whose value is the tenant's id.
  @WithDefault("keybroker:tenant")
  String tenantKey();

  /// The name of the pair whose value is the keystore's id. It must differ from `tenant-key`.
  @WithDefault("keybroker:keystore")
  String keystoreKey();

  /// Further pairs, the same for all tenants. Not secret: KMS writes them to CloudTrail.
  Map<String, String> extra();
}
