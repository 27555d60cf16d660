package dev.keybroker.dek;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// Limits on how long and for how many DEKs one encapsulated secret is used.
@ConfigMapping(prefix = "keybroker.wrap-session")
public interface WrapSessionConfig {
  /// How long one encapsulated secret is used. Above zero, at most 10 minutes.
  @WithDefault("60s")
  Duration lifetime();

  /// The maximum number of DEKs per encapsulated secret. 1 turns sessions off: each DEK has its own
  /// encapsulated secret. 1 to 1048576.
  @WithDefault("1048576")
  int maxDeks();

  /// The maximum number of keystores with a session at the same time, 3 KiB each. A wrap for any
  /// other keystore costs an encapsulation. At least 1.
  @WithDefault("4000")
  long maxSessions();
}
