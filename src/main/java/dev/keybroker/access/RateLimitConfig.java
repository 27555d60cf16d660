package dev.keybroker.access;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// The maximum number of calls per second in each broker. Each broker counts separately, so in a
/// deployment of three brokers a caller gets three times as many. Each item of a batch counts as a
/// call. Zero means no limit. Calls above a limit fail with RATE_LIMITED.
///
/// The data plane has no limit by default: only the deployment knows which rate is normal, a wrong
/// limit loses recordings, and the broker sheds unwraps beyond the capacity of its processors
/// anyway.
@ConfigMapping(prefix = "keybroker.rate-limit")
public interface RateLimitConfig {
  /// Wraps and reads of the public KEK of one caller, in calls per second.
  @WithDefault("0")
  @Bounds(atLeast = "0")
  int callerWraps();

  /// Unwraps and rewraps of one caller, in calls per second. A limit somewhat above the needs of
  /// the busiest export bounds what a stolen identity can open before it is noticed.
  @WithDefault("0")
  @Bounds(atLeast = "0")
  int callerUnwraps();

  /// Calls of the control plane and of the audit query of one caller, in calls per second.
  @WithDefault("50")
  @Bounds(atLeast = "0")
  int callerControl();

  /// Wraps and reads of the public KEK of one tenant, by all callers, in calls per second.
  @WithDefault("0")
  @Bounds(atLeast = "0")
  int tenantWraps();

  /// Unwraps and rewraps of one tenant, by all callers, in calls per second.
  @WithDefault("0")
  @Bounds(atLeast = "0")
  int tenantUnwraps();

  /// Calls of the control plane and of the audit query for one tenant, in calls per second.
  @WithDefault("50")
  @Bounds(atLeast = "0")
  int tenantControl();

  /// The size of a burst, in seconds of the rate: with a limit of 50, a burst of 2 s allows 100
  /// calls at once after a pause, then 50 per second.
  @WithDefault("2s")
  @Bounds(atLeast = "1 s")
  Duration burst();
}
