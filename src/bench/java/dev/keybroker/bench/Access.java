package dev.keybroker.bench;

import java.util.Arrays;
import java.util.Random;
import java.util.function.LongToIntFunction;

/// Which of many keystores each call is for.
enum Access {
  /// Each as often as any other.
  UNIFORM,
  /// The k-th one with a frequency of 1/k of the first one's, as tenants are large and small.
  ZIPF;

  private static final int DRAWS = 1 << 20;
  private static final long SEED = 20261126;

  /// The keystore of a call, from 0 to `keystores - 1`; drawn ahead, so that a call costs the
  /// client the same whatever the number of keystores.
  LongToIntFunction among(int keystores) {
    Random random = new Random(SEED);
    double[] cumulated = new double[keystores];
    double sum = 0;
    for (int i = 0; i < keystores; i++) {
      sum += this == ZIPF ? 1.0 / (i + 1) : 1;
      cumulated[i] = sum;
    }
    int[] draws = new int[DRAWS];
    for (int i = 0; i < DRAWS; i++) {
      int found = Arrays.binarySearch(cumulated, random.nextDouble() * sum);
      draws[i] = found < 0 ? -found - 1 : Math.min(found + 1, keystores - 1);
    }
    return call -> draws[(int) (call % DRAWS)];
  }

  String label() {
    return this == ZIPF ? "Zipf" : "uniform";
  }
}
