package dev.keybroker.dek;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;

/// The lane of private-key operations.
@ConfigMapping(prefix = "keybroker.unwrap-lane")
public interface UnwrapLaneConfig {
  /// Threads. 0 means one for each processor.
  @WithDefault("0")
  int threads();

  /// Operations that may wait for a thread; one more is refused with UNWRAP_OVERLOADED. At least 1.
  /// By default the last one of RSA_3072 waits about a quarter of a second for a single thread.
  @WithDefault("256")
  int queue();
}
