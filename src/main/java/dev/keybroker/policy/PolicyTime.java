package dev.keybroker.policy;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.regex.Pattern;

/// Reads the dates of policies: ISO 8601 from the day to the fraction of a second, or seconds since
/// the epoch.
final class PolicyTime {

  private static final Pattern SECONDS = Pattern.compile("\\d{1,12}");

  private PolicyTime() {}

  /// Milliseconds since the epoch.
  ///
  /// @throws MalformedPolicyException if `text` is no date
  static long parse(String text) {
    try {
      if (SECONDS.matcher(text).matches()) {
        return Instant.ofEpochSecond(Long.parseLong(text)).toEpochMilli();
      }
      return text.indexOf('T') < 0
          ? LocalDate.parse(text).atStartOfDay(ZoneOffset.UTC).toInstant().toEpochMilli()
          : DateTimeFormatter.ISO_OFFSET_DATE_TIME.parse(text, Instant::from).toEpochMilli();
    } catch (DateTimeParseException e) {
      throw MalformedPolicyException.quoting("not a date", ": " + text);
    } catch (DateTimeException | ArithmeticException e) {
      throw MalformedPolicyException.quoting("date out of range", ": " + text);
    }
  }
}
