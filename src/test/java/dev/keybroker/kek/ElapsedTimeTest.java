package dev.keybroker.kek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class ElapsedTimeTest {
  private final TestTime time = new TestTime();
  private final ElapsedTime elapsed = new ElapsedTime(time.ticker(), time);
  private final long start = elapsed.read();

  private Duration passed() {
    return Duration.ofNanos(elapsed.read() - start);
  }

  @Test
  void clocksThatGoTogether_areOne() {
    time.pass(Duration.ofHours(1));
    assertEquals(Duration.ofHours(1), passed());
  }

  @Test
  void suspension_isTimeThatPassed() {
    time.pass(Duration.ofSeconds(1));
    time.setClockAhead(Duration.ofMinutes(10));
    assertEquals(Duration.ofMinutes(10).plusSeconds(1), passed());

    time.pass(Duration.ofSeconds(1));
    assertEquals(Duration.ofMinutes(10).plusSeconds(2), passed());
  }

  @Test
  void wallClockSetBack_changesNothing_andHidesNoLaterSuspension() {
    time.setClockAhead(Duration.ofHours(-1));
    time.pass(Duration.ofSeconds(1));
    assertEquals(Duration.ofSeconds(1), passed());

    time.setClockAhead(Duration.ofHours(-1).plusMinutes(5));

    assertEquals(Duration.ofMinutes(5).plusSeconds(1), passed());
  }

  @Test
  void readingsThatAreALittleApart_addUpToNothing() {
    for (int i = 0; i < 10_000; i++) {
      time.setClockAhead(ElapsedTime.TOLERANCE.dividedBy(i % 2 == 0 ? 2 : -2));
      elapsed.read();
    }
    assertEquals(Duration.ZERO, passed());
  }

  @Test
  void clockThatGoesFasterBitByBit_isFollowed() {
    Duration ahead = Duration.ofSeconds(10);
    for (int i = 1; i <= 1_000; i++) {
      time.setClockAhead(Duration.ofMillis(10L * i));
      elapsed.read();
    }
    assertTrue(passed().compareTo(ahead.minus(ElapsedTime.TOLERANCE)) >= 0, passed()::toString);
    assertTrue(passed().compareTo(ahead) <= 0, passed()::toString);
  }
}
