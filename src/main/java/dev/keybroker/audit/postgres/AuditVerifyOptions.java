package dev.keybroker.audit.postgres;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The options of the command `audit-verify`.
///
/// @param chain the only chain to verify; null for all
/// @param from chains that verifiably ended earlier are skipped; null for none
/// @param checkpoints files with lines of the broker's log
/// @param macKeys files with MAC keys in addition to the broker's, such as previous ones
/// @param retention how long records must be kept; null to skip this check
/// @param all whether to print all findings, not only the first of each chain
/// @param acceptsUnkeyed whether a chain without a MAC is accepted although there is a key
/// @param records whether to record the result in the audit trail
public record AuditVerifyOptions(
    @Nullable UUID chain,
    @Nullable Instant from,
    List<Path> checkpoints,
    List<Path> macKeys,
    @Nullable Duration retention,
    boolean all,
    boolean acceptsUnkeyed,
    boolean records) {
  /// The usage text of the command.
  public static final String USAGE =
      "usage: audit-verify [--chain UUID] [--from TIME] [--checkpoints FILE]... [--retention DAYS]"
          + " [--mac-key FILE]... [--all] [--accept-unkeyed] [--record]";

  /// Reads the arguments after the command's name.
  ///
  /// @throws IllegalArgumentException if the arguments do not match [#USAGE]
  public static AuditVerifyOptions parse(List<String> arguments) {
    UUID chain = null;
    Instant from = null;
    List<Path> checkpoints = new ArrayList<>();
    List<Path> macKeys = new ArrayList<>();
    Duration retention = null;
    boolean all = false;
    boolean acceptsUnkeyed = false;
    boolean records = false;
    Iterator<String> rest = arguments.iterator();
    while (rest.hasNext()) {
      String option = rest.next();
      switch (option) {
        case "--chain" -> chain = UUID.fromString(value(option, rest));
        case "--from" -> from = time(value(option, rest));
        case "--checkpoints" -> checkpoints.add(Path.of(value(option, rest)));
        case "--mac-key" -> macKeys.add(Path.of(value(option, rest)));
        case "--retention" -> retention = days(value(option, rest));
        case "--all" -> all = true;
        case "--accept-unkeyed" -> acceptsUnkeyed = true;
        case "--record" -> records = true;
        default -> throw new IllegalArgumentException("unknown option " + option);
      }
    }
    return new AuditVerifyOptions(
        chain,
        from,
        List.copyOf(checkpoints),
        List.copyOf(macKeys),
        retention,
        all,
        acceptsUnkeyed,
        records);
  }

  private static String value(String option, Iterator<String> rest) {
    if (!rest.hasNext()) {
      throw new IllegalArgumentException(option + " needs a value");
    }
    return rest.next();
  }

  private static Instant time(String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException("--from needs a time like 2026-11-22T00:00:00Z", e);
    }
  }

  /// A number of days in the format of `keybroker.audit.retention`: `400d`, or only the number.
  private static Duration days(String text) {
    String number = text.endsWith("d") ? text.substring(0, text.length() - 1) : text;
    try {
      int days = Integer.parseInt(number);
      if (days > 0) {
        return Duration.ofDays(days);
      }
    } catch (NumberFormatException e) {
      // Reported below.
    }
    throw new IllegalArgumentException("--retention needs a number of days like 400d");
  }

  boolean wants(UUID id) {
    return chain == null || chain.equals(id);
  }
}
