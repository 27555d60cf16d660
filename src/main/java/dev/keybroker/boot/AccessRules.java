package dev.keybroker.boot;

import dev.keybroker.access.AccessConfig;
import dev.keybroker.access.AccessFileException;
import dev.keybroker.access.AccessPolicy;
import dev.keybroker.access.FileAccessPolicy;
import dev.keybroker.access.UnwrapSurges;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.nio.file.Path;
import java.time.Clock;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/// Creates the access policy from the access file, which is read again while the broker runs.
/// Without a file everything is allowed, but only if the deployment has explicitly chosen an
/// insecure broker.
@Singleton
class AccessRules {
  private static final Logger LOG = Logger.getLogger(AccessRules.class);
  private static final String SURGE_INTERVAL = "10s";

  private final AccessPolicy policy;
  private final UnwrapSurges surges;

  AccessRules(AccessPolicy policy, UnwrapSurges surges) {
    this.policy = policy;
    this.surges = surges;
  }

  @Produces
  @Singleton
  static AccessPolicy accessPolicy(
      AccessConfig config,
      @ConfigProperty(name = "keybroker.insecure", defaultValue = "false") boolean insecure,
      Clock clock,
      MeterRegistry registry) {
    return policy(config, insecure, LaunchMode.current(), clock, registry);
  }

  static AccessPolicy policy(
      AccessConfig config, boolean insecure, LaunchMode mode, Clock clock, MeterRegistry registry) {
    if (config.file().isEmpty()) {
      return withoutFile(insecure, mode);
    }
    Path file = config.file().get();
    try {
      return new FileAccessPolicy(file, clock, registry);
    } catch (AccessFileException e) {
      throw new IllegalStateException(
          "keybroker.access.file: " + file + " is not a valid access file: " + e.getMessage(), e);
    }
  }

  private static AccessPolicy withoutFile(boolean insecure, LaunchMode mode) {
    if (!insecure && mode == LaunchMode.NORMAL) {
      throw new IllegalStateException(
          "keybroker.access.file is not set: what is not granted is denied, so this broker would"
              + " serve no caller. Name an access file, or set keybroker.insecure=true to let every"
              + " caller do everything");
    }
    LOG.warn("Every caller may do everything: there is no access file (keybroker.access.file)");
    return AccessPolicy.OPEN;
  }

  /// Makes a broken access file fail the start instead of the first call.
  void start(@Observes StartupEvent event) {}

  /// Checks the access file for changes. A ConfigMap changes by a link to another target. Reading
  /// the file is simpler than watching it, and cannot miss such a change.
  @Scheduled(
      identity = "access-file",
      every = "${keybroker.access.reload-every}",
      delayed = "${keybroker.access.reload-every}",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  void reload() {
    policy.reload();
  }

  /// Updates the averages of unwraps.
  @Scheduled(
      identity = "unwrap-surges",
      every = SURGE_INTERVAL,
      delayed = SURGE_INTERVAL,
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  void turnSurges() {
    surges.turn();
  }
}
