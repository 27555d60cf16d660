package dev.keybroker.dek;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/// What is remembered of unwraps.
@ConfigMapping(prefix = "keybroker.opened-secrets")
public interface OpenedSecretsConfig {
  /// How many decapsulated secrets are kept, each at most until the bound of the private KEK that
  /// opened it. 0 keeps none: every unwrap is a private-key operation.
  @WithDefault("10000")
  long max();
}
