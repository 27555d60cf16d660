package dev.keybroker.dek;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// Limits on how long and for how many DEKs one encapsulated secret is used.
@ConfigMapping(prefix = "keybroker.wrap-session")
public interface WrapSessionConfig {
  /// How long one encapsulated secret is used.
  @WithDefault("60s")
  @Bounds(above = "0", atMost = "10 min")
  Duration lifetime();

  /// The maximum number of DEKs per encapsulated secret. 1 turns sessions off: each DEK has its own
  /// encapsulated secret.
  @WithDefault("1048576")
  @Bounds(atLeast = "1", atMost = "1048576")
  int maxDeks();

  /// The maximum number of keystores with a session at the same time, 3 KiB each. A wrap for any
  /// other keystore costs an encapsulation, and the parsing of its name.
  @WithDefault("4000")
  @Bounds(atLeast = "1")
  long maxSessions();
}
