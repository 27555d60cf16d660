package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RotationScheduleTest {
  @ParameterizedTest
  @CsvSource({
    "DAILY, 2026-03-28T23:30:00Z, 2026-03-29T23:30:00Z",
    "WEEKLY, 2026-12-28T00:00:00Z, 2027-01-04T00:00:00Z",
    "MONTHLY, 2026-01-31T12:00:00Z, 2026-02-28T12:00:00Z",
    "MONTHLY, 2028-01-31T12:00:00Z, 2028-02-29T12:00:00Z",
    "MONTHLY, 2026-12-15T12:00:00Z, 2027-01-15T12:00:00Z",
    "YEARLY, 2028-02-29T01:02:03.456Z, 2029-02-28T01:02:03.456Z"
  })
  void next_periodInUtc_followsTheCalendar(RotationPeriod period, Instant from, Instant expected) {
    assertEquals(expected, RotationSchedule.next(period, from));
  }

  @Test
  void next_never_isNotPlanned() {
    assertNull(RotationSchedule.next(RotationPeriod.NEVER, Instant.EPOCH));
  }
}
