package dev.keybroker.boot;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// Settings of the shutdown after SIGTERM: health NOT_SERVING, then draining, then exit.
@ConfigMapping(prefix = "keybroker.shutdown")
public interface ShutdownConfig {
  /// How long the broker still accepts calls after its health has become NOT_SERVING, so that
  /// clients and load balancers notice. With zero, it does not wait.
  @WithDefault("3s")
  @Bounds(atLeast = "0")
  Duration delay();

  /// How long calls in flight may take after that; then they are cancelled. `delay` plus this time
  /// must be a few seconds less than the time until the process is killed: in Kubernetes,
  /// `terminationGracePeriodSeconds`.
  @WithDefault("20s")
  @Bounds(atLeast = "0")
  Duration grace();
}
