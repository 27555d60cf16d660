package dev.keybroker.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How long to measure, and what.
///
/// @param rounds how often each row is measured
/// @param seconds how long each load of a round takes
/// @param countSeconds how long the calls of the stores and of KMS are counted
/// @param part which rows are measured
/// @param before the folder of `quarkus-run.jar` of another commit to compare with; null for none
/// @param updateDocs whether the results go to `src/docs`
record Options(
    int rounds,
    double seconds,
    double countSeconds,
    Part part,
    @Nullable Path before,
    boolean updateDocs) {
  /// The parts of the bench that can be run alone.
  enum Part {
    ALL,
    AUDIT,
    TLS,
    KEYSTORES,
    REWRAPS,
    PEERS
  }

  static Options of(String[] args) {
    int rounds = 5;
    double seconds = 1;
    double countSeconds = 30;
    Part part = Part.ALL;
    Path before = null;
    boolean updateDocs = false;
    for (String arg : args) {
      String value = arg.substring(arg.indexOf('=') + 1);
      switch (arg.substring(0, arg.length() - value.length())) {
        case "--rounds=" -> rounds = Integer.parseInt(value);
        case "--seconds=" -> seconds = Double.parseDouble(value);
        case "--count-seconds=" -> countSeconds = Double.parseDouble(value);
        case "--before=" -> before = folder(value);
        default -> {
          switch (arg) {
            case "--audit-only" -> part = Part.AUDIT;
            case "--tls-only" -> part = Part.TLS;
            case "--keystores-only" -> part = Part.KEYSTORES;
            case "--rewraps-only" -> part = Part.REWRAPS;
            case "--peers" -> part = Part.PEERS;
            case "--update-docs" -> updateDocs = true;
            default ->
                throw new IllegalArgumentException(
                    "usage: run.sh [--rounds=N] [--seconds=S] [--count-seconds=S] [--before=DIR]"
                        + " [--audit-only|--tls-only|--keystores-only|--rewraps-only|--peers]"
                        + " [--update-docs]");
          }
        }
      }
    }
    if (part != Part.ALL && updateDocs) {
      throw new IllegalArgumentException(
          "--update-docs needs all rows, not those of "
              + part.name().toLowerCase(Locale.ROOT)
              + " only");
    }
    return new Options(rounds, seconds, countSeconds, part, before, updateDocs);
  }

  private static Path folder(String value) {
    Path folder = Path.of(value);
    if (!Files.exists(folder.resolve("quarkus-run.jar"))) {
      throw new IllegalArgumentException("--before=" + value + ": no quarkus-run.jar there");
    }
    return folder;
  }

  /// Whether these rows are measured.
  boolean has(Part asked) {
    return part == Part.ALL || part == asked;
  }
}
