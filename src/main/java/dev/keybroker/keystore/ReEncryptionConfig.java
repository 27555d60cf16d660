package dev.keybroker.keystore;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// How private keys are moved to another root key. `keybroker.kms-quota.symmetric` limits how fast.
@ConfigMapping(prefix = "keybroker.re-encryption")
public interface ReEncryptionConfig {
  /// How long the former ciphertexts of private keys are kept after a completed re-encryption, to
  /// take them back. Until then, the former root key together with the database still opens them.
  @WithDefault("7D")
  @Bounds(atLeast = "0")
  Duration keepFormer();
}
