package dev.keybroker.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class MemoryQuotaLinesTest extends QuotaLinesContract {
  private final TestTimer time = new TestTimer();
  private final MemoryQuotaLines lines = new MemoryQuotaLines(time);

  @Override
  protected QuotaLines lines() {
    return lines;
  }

  @Override
  protected QuotaLines linesOfAnotherBroker() {
    return lines;
  }

  @Test
  void line_givesItsRate_whateverTheDemand() {
    QuotaLine line = QuotaLine.of("line", 4, Duration.ofSeconds(1));
    int taken = 0;
    for (int i = 0; i < 10_000; i++) {
      taken += take(lines, line).isZero() ? 1 : 0;
      time.pass(Duration.ofMillis(1));
    }

    // Ten seconds at four a second, and three that the burst admits in advance.
    assertEquals(4 + 10 * 4 - 1, taken);
  }

  @Test
  void line_afterAPause_givesItsBurstAndNoMore() {
    QuotaLine line = QuotaLine.of("line", 4, Duration.ofSeconds(1));
    take(lines, line);
    time.pass(Duration.ofHours(1));

    for (int i = 0; i < 4; i++) {
      assertEquals(Duration.ZERO, take(lines, line));
    }

    assertEquals(Duration.ofMillis(250), take(lines, line));
  }

  @Test
  void line_whoseIntervalIsLongerThanItsBurst_givesOneAtATime() {
    QuotaLine line = QuotaLine.of("line", 0.5, Duration.ofMillis(500));

    assertEquals(Duration.ZERO, take(lines, line));
    assertEquals(Duration.ofSeconds(2), take(lines, line));
  }
}
