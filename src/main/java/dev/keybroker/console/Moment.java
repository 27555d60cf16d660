package dev.keybroker.console;

import com.google.protobuf.Timestamp;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;

/// A time as a page shows it: UTC, beside which the browser adds its own zone.
///
/// @param iso for machines, ISO 8601
/// @param utc for people
record Moment(String iso, String utc) {
  private static final DateTimeFormatter UTC =
      DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss 'UTC'").withZone(ZoneOffset.UTC);

  static Moment of(Instant time) {
    return new Moment(time.truncatedTo(ChronoUnit.MILLIS).toString(), UTC.format(time));
  }

  static Moment of(Timestamp time) {
    return of(Instant.ofEpochSecond(time.getSeconds(), time.getNanos()));
  }
}
