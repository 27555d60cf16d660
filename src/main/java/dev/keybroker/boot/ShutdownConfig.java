package dev.keybroker.boot;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// How a broker ends when it is told to (SIGTERM): not serving any more, drained, gone.
@ConfigMapping(prefix = "keybroker.shutdown")
public interface ShutdownConfig {
  /// How long the broker goes on taking calls after its health has become NOT_SERVING, so that
  /// clients and load balancers learn of it. Zero does not wait.
  @WithDefault("3s")
  Duration delay();

  /// How long calls that are under way may take after that; what is not answered by then is
  /// cancelled. With `delay` and a few seconds less than what the process is given before it is
  /// killed: in Kubernetes `terminationGracePeriodSeconds`.
  @WithDefault("20s")
  Duration grace();
}
