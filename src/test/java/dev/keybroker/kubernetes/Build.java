package dev.keybroker.kubernetes;

/// One way to run the broker, with what a pod of it does: the one place of the figures that the
/// simulation takes, each with its source.
///
/// @param cores CPUs of a pod (`k8s/base/deployment.yaml`)
/// @param startSeconds from the start of the process to the first answer
/// @param wrapMillis CPU of a wrap in a session, in ms
/// @param unwrapMillis CPU of an unwrap of RSA_3072 by private key, in ms
/// @param source of the figures
record Build(
    String name,
    double cores,
    double startSeconds,
    double wrapMillis,
    double unwrapMillis,
    String source) {
  private static final double CORES = 2;
  private static final String MEASURED = "measured in one run (performance.md, 2026-11-28)";

  static final Build JAR = measured("jar", 9.19, 85_644, 1_371);
  static final Build JAR_WITH_AOT_CACHE = measured("jar with AOT cache", 3.45, 87_876, 1_357);
  static final Build NATIVE = measured("native executable", 0.24, 40_880, 1_453);

  private static Build measured(
      String name, double startSeconds, double wrapsOfACore, double unwrapsOfACore) {
    return new Build(
        name, CORES, startSeconds, 1_000 / wrapsOfACore, 1_000 / unwrapsOfACore, MEASURED);
  }
}
