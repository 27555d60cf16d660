package dev.keybroker.access;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// How many calls a second each broker takes, by itself: of a deployment of three, a caller has
/// three times as many. An item of a batch is a call. Zero: no limit. What is above is refused with
/// RATE_LIMITED.
///
/// The data plane has no limit by default: which rate is normal the deployment knows alone, a limit
/// that is wrong loses recordings, and unwraps above what the processors can do are shed anyway.
@ConfigMapping(prefix = "keybroker.rate-limit")
public interface RateLimitConfig {
  /// Wraps and reads of the public KEK of one caller, in calls a second. At least 0.
  @WithDefault("0")
  int callerWraps();

  /// Unwraps and rewraps of one caller, in calls a second. At least 0. Somewhat above what the
  /// busiest export needs, it bounds what a stolen identity can open before somebody sees it.
  @WithDefault("0")
  int callerUnwraps();

  /// Calls of the control plane and of the audit query of one caller, in calls a second. At least
  /// 0.
  @WithDefault("50")
  int callerControl();

  /// Wraps and reads of the public KEK of one tenant, by all callers, in calls a second. At least
  /// 0.
  @WithDefault("0")
  int tenantWraps();

  /// Unwraps and rewraps of one tenant, by all callers, in calls a second. At least 0.
  @WithDefault("0")
  int tenantUnwraps();

  /// Calls of the control plane and of the audit query for one tenant, in calls a second. At least
  /// 0.
  @WithDefault("50")
  int tenantControl();

  /// How much of its rate may come at once: a limit of 50 with 2 s lets 100 calls through after a
  /// pause, then 50 a second. At least 1 s.
  @WithDefault("2s")
  Duration burst();
}
