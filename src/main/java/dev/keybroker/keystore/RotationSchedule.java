package dev.keybroker.keystore;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.jspecify.annotations.Nullable;

/// When a keystore's next KEK is due: calendar arithmetic in UTC from the last change.
///
/// A month later is the same day of the next month, or its last day if that month is shorter (31
/// January → 28 February); a year after 29 February is 28 February.
public final class RotationSchedule {
  private RotationSchedule() {}

  /// Returns the next due time after a change; null if the period is NEVER.
  public static @Nullable Instant next(RotationPeriod period, Instant lastChange) {
    OffsetDateTime from = lastChange.atOffset(ZoneOffset.UTC);
    OffsetDateTime next =
        switch (period) {
          case NEVER -> null;
          case DAILY -> from.plusDays(1);
          case WEEKLY -> from.plusWeeks(1);
          case MONTHLY -> from.plusMonths(1);
          case YEARLY -> from.plusYears(1);
        };
    return next == null ? null : next.toInstant();
  }
}
