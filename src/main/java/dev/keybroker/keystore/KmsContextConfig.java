package dev.keybroker.keystore;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.util.Map;

/// The encryption context of KMS calls. Each KEK records the context that it was made with, so a
/// change affects new KEKs only. The tenants' key policies must allow both contexts as long as KEKs
/// of both are in use.
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
