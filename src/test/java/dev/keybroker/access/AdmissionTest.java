package dev.keybroker.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class AdmissionTest {
  private static final Caller MEDIA = new Caller(Caller.Kind.DNS, "media.example");
  private static final Caller PLAYBACK = new Caller(Caller.Kind.DNS, "playback.example");
  private static final Target ACME = new Target("acme", "calls");
  private static final Target GLOBEX = new Target("globex", "calls");
  private static final AccessPolicy NOTHING = (caller, permission, target) -> false;

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final TestTime time = new TestTime();

  /// Limits of these rates for wraps, unwraps and control, of callers and of tenants.
  private record Rates(
      int callerWraps,
      int callerUnwraps,
      int callerControl,
      int tenantWraps,
      int tenantUnwraps,
      int tenantControl,
      Duration burst)
      implements RateLimitConfig {
    static Rates none() {
      return new Rates(0, 0, 0, 0, 0, 0, Duration.ofSeconds(1));
    }

    static Rates ofCaller(int wraps, int unwraps, int control) {
      return new Rates(wraps, unwraps, control, 0, 0, 0, Duration.ofSeconds(1));
    }

    static Rates ofTenant(int wraps, int unwraps, int control) {
      return new Rates(0, 0, 0, wraps, unwraps, control, Duration.ofSeconds(1));
    }
  }

  private Admission admission(AccessPolicy policy, RateLimitConfig rates) {
    return new Admission(
        policy,
        new RateLimits(rates, time::nanos, registry),
        new UnwrapSurges(registry),
        time,
        registry);
  }

  private static AccessFailure unwrap(Admission admission, Caller caller, Target target) {
    return admission.refusal(caller, Permission.DEK_UNWRAP, target, null);
  }

  private static int admitted(Admission admission, Caller caller, Target target, int calls) {
    int admitted = 0;
    for (int i = 0; i < calls; i++) {
      admitted += unwrap(admission, caller, target) == null ? 1 : 0;
    }
    return admitted;
  }

  private double refused(String operation, String limit) {
    return registry
        .counter(Metrics.RATE_LIMITED, Metrics.OPERATION, operation, Metrics.LIMIT, limit)
        .count();
  }

  @Test
  void caller_aboveItsRate_isRefusedWithTheTrueWaitingTime() {
    Admission admission = admission(AccessPolicy.OPEN, Rates.ofCaller(0, 10, 0));

    assertEquals(10, admitted(admission, PLAYBACK, ACME, 10));
    AccessFailure.RateLimited refusal =
        assertInstanceOf(AccessFailure.RateLimited.class, unwrap(admission, PLAYBACK, ACME));
    assertEquals(Duration.ofMillis(100), refusal.retryAfter());

    time.pass(refusal.retryAfter().minusNanos(1));
    assertInstanceOf(AccessFailure.RateLimited.class, unwrap(admission, PLAYBACK, ACME));
    time.pass(Duration.ofNanos(1));
    assertNull(unwrap(admission, PLAYBACK, ACME));
    assertEquals(2, refused("unwrap", "caller"));
  }

  @Test
  void callers_haveARateEach() {
    Admission admission = admission(AccessPolicy.OPEN, Rates.ofCaller(0, 5, 0));

    assertEquals(5, admitted(admission, PLAYBACK, ACME, 20));
    assertEquals(5, admitted(admission, MEDIA, ACME, 20));
  }

  @Test
  void tenants_haveARateEach_sharedByTheirCallers() {
    Admission admission = admission(AccessPolicy.OPEN, Rates.ofTenant(0, 5, 0));

    assertEquals(3, admitted(admission, PLAYBACK, ACME, 3));
    assertEquals(2, admitted(admission, MEDIA, ACME, 20));
    assertEquals(5, admitted(admission, MEDIA, GLOBEX, 20));
    assertEquals(18, refused("unwrap", "tenant") - 15);
  }

  @Test
  void callRefusedForItsTenant_costsTheCallerNothing() {
    Admission admission =
        admission(AccessPolicy.OPEN, new Rates(0, 10, 0, 0, 1, 0, Duration.ofSeconds(1)));

    assertEquals(1, admitted(admission, PLAYBACK, ACME, 50));
    assertEquals(1, admitted(admission, PLAYBACK, GLOBEX, 1));
    assertEquals(0, refused("unwrap", "caller"));
  }

  @ParameterizedTest
  @EnumSource
  void kindsOfLoad_areLimitedApart(Permission permission) {
    Load load = Load.of(permission);
    Admission admission =
        admission(
            AccessPolicy.OPEN,
            Rates.ofCaller(
                load == Load.WRAP ? 1 : 0,
                load == Load.UNWRAP ? 1 : 0,
                load == Load.CONTROL ? 1 : 0));

    assertNull(admission.refusal(MEDIA, permission, ACME, null));
    for (Permission other : Permission.values()) {
      assertEquals(
          Load.of(other) == load, admission.refusal(MEDIA, other, ACME, null) != null, other::id);
    }
  }

  @Test
  void burst_letsItsTimeOfTheRateThroughAtOnce() {
    Admission admission =
        admission(AccessPolicy.OPEN, new Rates(0, 10, 0, 0, 0, 0, Duration.ofMillis(2_500)));

    assertEquals(25, admitted(admission, PLAYBACK, ACME, 100));
    time.pass(Duration.ofSeconds(1));
    assertEquals(10, admitted(admission, PLAYBACK, ACME, 100));
    time.pass(Duration.ofHours(1));
    assertEquals(25, admitted(admission, PLAYBACK, ACME, 100));
  }

  @Test
  void zero_isNoLimit() {
    Admission admission = admission(AccessPolicy.OPEN, Rates.none());

    assertEquals(100_000, admitted(admission, PLAYBACK, ACME, 100_000));
  }

  @Test
  void deniedCalls_useUpTheCallersRate_andNotTheTenants() {
    AccessPolicy mediaOnly = (caller, permission, target) -> caller.equals(MEDIA);
    Admission admission = admission(mediaOnly, new Rates(0, 5, 0, 0, 5, 0, Duration.ofSeconds(1)));

    for (int i = 0; i < 5; i++) {
      assertInstanceOf(AccessFailure.Denied.class, unwrap(admission, PLAYBACK, ACME));
    }
    assertInstanceOf(AccessFailure.RateLimited.class, unwrap(admission, PLAYBACK, ACME));
    assertEquals(5, admitted(admission, MEDIA, ACME, 5));
  }

  @Test
  void secondTarget_needsThePermissionToo() {
    AccessPolicy acmeOnly = (caller, permission, target) -> target.tenant().equals("acme");
    Admission admission = admission(acmeOnly, Rates.none());

    assertNull(admission.refusal(MEDIA, Permission.DEK_REWRAP, ACME, ACME));
    assertInstanceOf(
        AccessFailure.Denied.class, admission.refusal(MEDIA, Permission.DEK_REWRAP, ACME, GLOBEX));
    assertInstanceOf(
        AccessFailure.Denied.class, admission.refusal(MEDIA, Permission.DEK_REWRAP, GLOBEX, ACME));
  }

  @Test
  void denials_areCountedByPermission_andTheMostOfOneCallerWithinAMinute() {
    Admission admission = admission(NOTHING, Rates.none());
    admitted(admission, PLAYBACK, ACME, 7);
    admitted(admission, MEDIA, ACME, 3);

    assertEquals(
        10,
        registry
            .counter(Metrics.ACCESS_DENIED, Metrics.PERMISSION, Permission.DEK_UNWRAP.id())
            .count());
    assertEquals(7, most());
    time.pass(Duration.ofMinutes(1));
    assertEquals(7, most());
    admitted(admission, MEDIA, ACME, 2);
    assertEquals(7, most());
    time.pass(Duration.ofMinutes(1));
    assertEquals(2, most());
    time.pass(Duration.ofMinutes(2));
    assertEquals(0, most());
  }

  private double most() {
    return registry.get(Metrics.ACCESS_DENIED_MOST).gauge().value();
  }

  @Test
  void floodOfCallers_isCountedInABoundedTable() {
    Admission admission = admission(NOTHING, Rates.none());
    for (int i = 0; i < 10_050; i++) {
      unwrap(admission, new Caller(Caller.Kind.JWT, "user\n" + i), ACME);
    }

    assertEquals(50, most());
  }
}
