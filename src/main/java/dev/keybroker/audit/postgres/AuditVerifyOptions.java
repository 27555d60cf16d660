package dev.keybroker.audit.postgres;

import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What the command `audit-verify` is asked for.
///
/// @param chain the only one to verify; null: all
/// @param from chains that ended earlier are left out; null: none
/// @param checkpoints files with lines of the broker's log
/// @param all whether to tell every finding, not the first of each chain
/// @param acceptsUnkeyed whether a chain without a MAC may pass although there is a key
public record AuditVerifyOptions(
    @Nullable UUID chain,
    @Nullable Instant from,
    List<Path> checkpoints,
    boolean all,
    boolean acceptsUnkeyed) {
  /// How the command is written.
  public static final String USAGE =
      "usage: audit-verify [--chain UUID] [--from TIME] [--checkpoints FILE]... [--all]"
          + " [--accept-unkeyed]";

  /// Reads the arguments after the command's name.
  ///
  /// @throws IllegalArgumentException where the arguments are not as [#USAGE] says
  public static AuditVerifyOptions parse(List<String> arguments) {
    UUID chain = null;
    Instant from = null;
    List<Path> checkpoints = new ArrayList<>();
    boolean all = false;
    boolean acceptsUnkeyed = false;
    Iterator<String> rest = arguments.iterator();
    while (rest.hasNext()) {
      String option = rest.next();
      switch (option) {
        case "--chain" -> chain = UUID.fromString(value(option, rest));
        case "--from" -> from = time(value(option, rest));
        case "--checkpoints" -> checkpoints.add(Path.of(value(option, rest)));
        case "--all" -> all = true;
        case "--accept-unkeyed" -> acceptsUnkeyed = true;
        default -> throw new IllegalArgumentException("unknown option " + option);
      }
    }
    return new AuditVerifyOptions(chain, from, List.copyOf(checkpoints), all, acceptsUnkeyed);
  }

  private static String value(String option, Iterator<String> rest) {
    if (!rest.hasNext()) {
      throw new IllegalArgumentException(option + " wants a value");
    }
    return rest.next();
  }

  private static Instant time(String text) {
    try {
      return Instant.parse(text);
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException("--from wants a time like 2026-11-22T00:00:00Z", e);
    }
  }

  boolean wants(UUID id) {
    return chain == null || chain.equals(id);
  }

  boolean reaches(Instant headTime) {
    return from == null || !headTime.isBefore(from);
  }
}
