package dev.keybroker.dek;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// Settings of the threads for private-key operations.
@ConfigMapping(prefix = "keybroker.unwrap-lane")
public interface UnwrapLaneConfig {
  /// The number of threads. 0 means one for each processor.
  @WithDefault("0")
  @Bounds(atLeast = "0")
  int threads();

  /// The maximum number of operations that wait for a thread. More are refused with
  /// UNWRAP_OVERLOADED.
  @WithDefault("256")
  @Bounds(atLeast = "1")
  int queue();

  /// The longest expected wait for a thread, estimated from recent operations. An operation that
  /// would wait longer is refused with UNWRAP_OVERLOADED.
  @WithDefault("500ms")
  @Bounds(above = "0")
  Duration longestWait();

  /// The nice value of the threads, on Linux only. With 0, private-key operations compete equally
  /// with wraps for processors; with 19, they get the processor time that wraps leave.
  @WithDefault("19")
  @Bounds(atLeast = "0", atMost = "19")
  int nice();
}
