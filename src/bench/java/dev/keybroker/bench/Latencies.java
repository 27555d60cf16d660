package dev.keybroker.bench;

import java.util.Arrays;

/// What a load measured: answers per second, and latencies in microseconds.
record Latencies(double perSecond, double p50, double p99, double p999) {
  /// @param micros of each answer, in any order; sorted here
  static Latencies of(double perSecond, long[] micros) {
    Arrays.sort(micros);
    return new Latencies(
        perSecond, quantile(micros, 0.5), quantile(micros, 0.99), quantile(micros, 0.999));
  }

  private static double quantile(long[] sorted, double share) {
    return sorted[(int) Math.min(sorted.length - 1L, (long) (share * sorted.length))];
  }
}
