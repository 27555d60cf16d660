package dev.keybroker.dek;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// The bounds within which one encapsulated secret serves many DEKs.
@ConfigMapping(prefix = "keybroker.wrap-session")
public interface WrapSessionConfig {
  /// How long one encapsulated secret serves. Above zero, at most 10 minutes.
  @WithDefault("60s")
  Duration lifetime();

  /// How many DEKs one encapsulated secret serves at most. 1 turns sessions off: each DEK has an
  /// encapsulated secret of its own. 1 to 1048576.
  @WithDefault("1048576")
  int maxDeks();

  /// For how many keystores a session is kept at once, 3 KiB each. A wrap for any other one costs
  /// an encapsulation. At least 1.
  @WithDefault("4000")
  long maxSessions();
}
