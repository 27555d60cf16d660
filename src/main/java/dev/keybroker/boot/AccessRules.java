package dev.keybroker.boot;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.access.AccessConfig;
import dev.keybroker.access.AccessFileException;
import dev.keybroker.access.AccessPolicy;
import dev.keybroker.access.Admission;
import dev.keybroker.access.CallsInFlight;
import dev.keybroker.access.FileAccessPolicy;
import dev.keybroker.access.InFlightConfig;
import dev.keybroker.access.RateLimitConfig;
import dev.keybroker.access.RateLimits;
import dev.keybroker.access.UnwrapSurges;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.StartupEvent;
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
class AccessRules {
  private static final Logger LOG = Logger.getLogger(AccessRules.class);

  @Produces
  @Singleton
  AccessPolicy accessPolicy(
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
              + " serve nobody. Name an access file, or set keybroker.insecure=true to let every"
              + " caller do everything");
    }
    LOG.warn("Every caller may do everything: there is no access file (keybroker.access.file)");
    return AccessPolicy.OPEN;
  }

  @Produces
  @Singleton
  UnwrapSurges unwrapSurges(MeterRegistry registry) {
    return new UnwrapSurges(registry);
  }

  @Produces
  @Singleton
  Admission admission(
      AccessPolicy policy,
      RateLimitConfig limits,
      UnwrapSurges surges,
      Ticker ticker,
      Clock clock,
      MeterRegistry registry) {
    return new Admission(policy, new RateLimits(limits, ticker, registry), surges, clock, registry);
  }

  @Produces
  @Singleton
  CallsInFlight callsInFlight(InFlightConfig config, MeterRegistry registry) {
    return new CallsInFlight(config, registry);
  }

  /// Makes a broken access file fail the start instead of the first call.
  void start(@Observes StartupEvent event, Admission admission) {}
}
