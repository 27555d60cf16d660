package dev.keybroker.console;

import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import java.time.Duration;
import java.time.Instant;

/// How long until something happens, in whole days and hours.
record Countdown(long days, long hours) {
  static Countdown of(Timestamp end, Instant now) {
    Duration left = Duration.between(now, Instant.ofEpochMilli(Timestamps.toMillis(end)));
    return left.isNegative()
        ? new Countdown(0, 0)
        : new Countdown(left.toDays(), left.toHoursPart());
  }
}
