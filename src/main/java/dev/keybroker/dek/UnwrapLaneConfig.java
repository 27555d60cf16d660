package dev.keybroker.dek;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// The lane of private-key operations.
@ConfigMapping(prefix = "keybroker.unwrap-lane")
public interface UnwrapLaneConfig {
  /// Threads. 0 means one for each processor.
  @WithDefault("0")
  int threads();

  /// Operations that may wait for a thread; one more is refused with UNWRAP_OVERLOADED. At least 1.
  @WithDefault("256")
  int queue();

  /// How long an operation may be expected to wait for a thread, by what the last ones took; one
  /// that would wait longer is refused with UNWRAP_OVERLOADED.
  @WithDefault("500ms")
  Duration longestWait();

  /// The nice value of the threads, in Linux: from 0, where private-key operations have as good a
  /// right to a processor as wraps, to 19, where they have what wraps leave of it.
  @WithDefault("19")
  int nice();
}
