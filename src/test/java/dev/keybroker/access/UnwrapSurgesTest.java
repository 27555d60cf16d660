package dev.keybroker.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

class UnwrapSurgesTest {
  private static final int SECONDS = (int) UnwrapSurges.INTERVAL.toSeconds();

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final UnwrapSurges surges = new UnwrapSurges(registry);

  /// Lets minutes pass in which the tenant unwraps so often a second.
  private void pass(int minutes, String tenant, int perSecond) {
    for (int turn = 0; turn < minutes * 60 / SECONDS; turn++) {
      for (int i = 0; i < perSecond * SECONDS; i++) {
        surges.count(tenant);
      }
      surges.turn();
    }
  }

  private double highest() {
    return registry.get(Metrics.UNWRAP_SURGE).gauge().value();
  }

  @Test
  void steadyRate_isNoSurge_fromTheFirstTurnOn() {
    pass(1, "acme", 50);
    assertEquals(1, highest(), 0.01);

    pass(180, "acme", 50);
    assertEquals(1, highest(), 0.01);
  }

  @Test
  void rateAHundredTimesThatOfThePast_isASurgeWithinAMinute() {
    pass(180, "acme", 2);

    pass(1, "acme", 200);

    assertTrue(highest() > UnwrapSurges.SURGE, () -> "" + highest());
  }

  @Test
  void surgeOfASmallTenant_isSeenBesideALargeOne() {
    for (int minute = 0; minute < 120; minute++) {
      pass(1, "large", 100);
    }
    for (int i = 0; i < 60 * SECONDS * 5; i++) {
      surges.count("small");
    }
    surges.turn();

    assertTrue(highest() > UnwrapSurges.SURGE, () -> "" + highest());
  }

  @Test
  void tenantThatBeginsSlowly_isNoSurge() {
    pass(120, "large", 20);

    pass(2, "small", 5);

    assertTrue(highest() < UnwrapSurges.SURGE, () -> "" + highest());
  }

  @Test
  void surgeThatStays_becomesThePast() {
    pass(180, "acme", 2);

    pass(240, "acme", 100);

    assertEquals(1, highest(), 0.1);
  }

  @Test
  void noUnwraps_areNoSurge() {
    surges.turn();

    assertEquals(0, highest());
  }
}
