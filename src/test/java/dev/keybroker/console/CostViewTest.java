package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Timestamp;
import dev.keybroker.v1.KmsRequests;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class CostViewTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  /// 100,000 requests, 10 RSA and 100 ECC key pairs.
  private static CostView after(Duration time) {
    return CostView.of(
        KmsRequests.newBuilder()
            .setStartTime(Timestamp.newBuilder().setSeconds(START.getEpochSecond()))
            .setSymmetric(100_000)
            .setRsaKeyPairs(10)
            .setEccKeyPairs(100)
            .build(),
        START.plus(time));
  }

  @Test
  void cost_isThatOfADay_byThePriceOfEachRequest() {
    CostView view = after(Duration.ofDays(2));
    assertTrue(view.known());
    assertEquals("50055", view.perDay());
    // 0.30 + 0.012 + 0.001 USD in two days
    assertEquals("4.70", view.perMonth());
  }

  @Test
  void cost_ofLessThanAnHour_isNotExtrapolated() {
    assertFalse(after(Duration.ofMinutes(59)).known());
    assertTrue(after(Duration.ofHours(1)).known());
  }
}
