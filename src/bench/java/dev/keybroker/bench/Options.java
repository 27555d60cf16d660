package dev.keybroker.bench;

import java.util.Locale;

/// How long to measure, and what.
///
/// @param rounds how often each row is measured
/// @param seconds how long each load of a round takes
/// @param countSeconds how long the calls of the stores and of KMS are counted
/// @param part which rows are measured
/// @param updateDocs whether the results go to `src/docs`
record Options(int rounds, double seconds, double countSeconds, Part part, boolean updateDocs) {
  /// The parts of the bench that can be run alone.
  enum Part {
    ALL,
    AUDIT,
    TLS,
    KEYSTORES
  }

  static Options of(String[] args) {
    int rounds = 5;
    double seconds = 1;
    double countSeconds = 30;
    Part part = Part.ALL;
    boolean updateDocs = false;
    for (String arg : args) {
      String value = arg.substring(arg.indexOf('=') + 1);
      switch (arg.substring(0, arg.length() - value.length())) {
        case "--rounds=" -> rounds = Integer.parseInt(value);
        case "--seconds=" -> seconds = Double.parseDouble(value);
        case "--count-seconds=" -> countSeconds = Double.parseDouble(value);
        default -> {
          switch (arg) {
            case "--audit-only" -> part = Part.AUDIT;
            case "--tls-only" -> part = Part.TLS;
            case "--keystores-only" -> part = Part.KEYSTORES;
            case "--update-docs" -> updateDocs = true;
            default ->
                throw new IllegalArgumentException(
                    "usage: run.sh [--rounds=N] [--seconds=S] [--count-seconds=S]"
                        + " [--audit-only|--tls-only|--keystores-only] [--update-docs]");
          }
        }
      }
    }
    if (part != Part.ALL && updateDocs) {
      throw new IllegalArgumentException(
          "--update-docs wants all rows, --"
              + part.name().toLowerCase(Locale.ROOT)
              + "-only leaves some out");
    }
    return new Options(rounds, seconds, countSeconds, part, updateDocs);
  }

  /// Whether these rows are measured.
  boolean has(Part asked) {
    return part == Part.ALL || part == asked;
  }
}
