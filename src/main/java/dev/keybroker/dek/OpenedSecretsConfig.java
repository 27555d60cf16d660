package dev.keybroker.dek;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/// Settings of the cache of decapsulated secrets.
@ConfigMapping(prefix = "keybroker.opened-secrets")
public interface OpenedSecretsConfig {
  /// The maximum number of decapsulated secrets to keep. Each expires no later than the private KEK
  /// that opened it. With 0, every unwrap needs a private-key operation.
  @WithDefault("10000")
  @Bounds(atLeast = "0")
  long max();
}
