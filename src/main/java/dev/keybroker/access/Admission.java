package dev.keybroker.access;

import io.micrometer.core.instrument.MeterRegistry;
import jakarta.inject.Singleton;
import java.time.Clock;
import org.jspecify.annotations.Nullable;

/// Decides whether a call may start, from memory alone. Thread-safe.
@Singleton
public final class Admission {
  private final AccessPolicy policy;
  private final RateLimits limits;
  private final Denials denials;
  private final UnwrapSurges surges;

  public Admission(
      AccessPolicy policy,
      RateLimits limits,
      UnwrapSurges surges,
      Clock clock,
      MeterRegistry registry) {
    this.policy = policy;
    this.limits = limits;
    this.surges = surges;
    this.denials = new Denials(clock, registry);
  }

  /// Returns the reason why the call may not start, or null if it may.
  ///
  /// The caller's rate is checked first, so that it limits denied calls too. The tenant's rate is
  /// checked after the permission, so that callers without permission cannot use it up.
  ///
  /// A call about [Target#REACHABLE_TENANTS] is allowed if there is one, and counts for no tenant.
  ///
  /// @param target the resource of the call
  /// @param second a second resource of the call; null if there is none
  public @Nullable AccessFailure refusal(
      Caller caller, Permission permission, Target target, @Nullable Target second) {
    Load load = Load.of(permission);
    AccessFailure refusal = limits.ofCaller(caller, load);
    if (refusal != null) {
      return refusal;
    }
    if (target.equals(Target.REACHABLE_TENANTS)) {
      return policy.reach(caller, permission).isNowhere()
          ? denied(caller, permission, target)
          : null;
    }
    if (!policy.allows(caller, permission, target)) {
      return denied(caller, permission, target);
    }
    if (second != null && !policy.allows(caller, permission, second)) {
      return denied(caller, permission, second);
    }
    refusal = limits.ofTenant(caller, target.tenant(), load);
    if (refusal == null && load == Load.UNWRAP) {
      surges.count(target.tenant());
    }
    return refusal;
  }

  private AccessFailure denied(Caller caller, Permission permission, Target target) {
    denials.add(caller, permission, target);
    return new AccessFailure.Denied();
  }
}
