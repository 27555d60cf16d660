package dev.keybroker.dek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WaitEstimateTest {
  private static final long USUAL = 7_000_000;

  private final WaitEstimate estimate = new WaitEstimate(2);

  @BeforeEach
  void usualOperations() {
    took(100, USUAL);
  }

  private void took(int times, long nanos) {
    for (int i = 0; i < times; i++) {
      estimate.took(nanos);
    }
  }

  private static void assertNear(long expected, long actual) {
    assertTrue(Math.abs(expected - actual) < expected / 20, () -> expected + ", " + actual);
  }

  @Test
  void wait_isThatOfTheOnesBefore_sharedByTheThreads() {
    assertEquals(0, estimate.nanos(0));
    assertNear(5 * USUAL, estimate.nanos(10));
  }

  @Test
  void operationsThatGetSlowerOrQuicker_areFollowed() {
    took(100, 10 * USUAL);
    assertNear(10 * USUAL, estimate.nanos(2));

    took(200, USUAL);
    assertNear(USUAL, estimate.nanos(2));
  }

  @Test
  void singleSlowOperation_movesItLittle() {
    estimate.took(Duration.ofSeconds(10).toNanos());

    assertTrue(estimate.nanos(2) < 1.3 * USUAL, () -> "now " + estimate.nanos(2));
  }

  @Test
  void firstOperation_slowSinceCodeIsCold_refusesNobody() {
    WaitEstimate cold = new WaitEstimate(1);

    cold.took(Duration.ofSeconds(1).toNanos());

    assertTrue(cold.nanos(1_000) < Duration.ofMillis(100).toNanos());
  }
}
