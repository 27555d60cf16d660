package dev.keybroker.bench;

/// How long to measure.
///
/// @param rounds how often each row is measured
/// @param seconds how long each load of a round takes
/// @param countSeconds how long the calls of the stores and of KMS are counted
/// @param updateDocs whether the results go to `src/docs`
record Options(int rounds, double seconds, double countSeconds, boolean updateDocs) {
  static Options of(String[] args) {
    Options options = new Options(5, 1, 30, false);
    for (String arg : args) {
      String value = arg.substring(arg.indexOf('=') + 1);
      options =
          switch (arg.substring(0, arg.length() - value.length())) {
            case "--rounds=" ->
                new Options(
                    Integer.parseInt(value),
                    options.seconds,
                    options.countSeconds,
                    options.updateDocs);
            case "--seconds=" ->
                new Options(
                    options.rounds,
                    Double.parseDouble(value),
                    options.countSeconds,
                    options.updateDocs);
            case "--count-seconds=" ->
                new Options(
                    options.rounds, options.seconds, Double.parseDouble(value), options.updateDocs);
            default -> {
              if (!arg.equals("--update-docs")) {
                throw new IllegalArgumentException(
                    "usage: run.sh [--rounds=N] [--seconds=S] [--count-seconds=S] [--update-docs]");
              }
              yield new Options(options.rounds, options.seconds, options.countSeconds, true);
            }
          };
    }
    return options;
  }
}
