package dev.keybroker.bench;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;

/// Loads cold processes until they have become as fast as they will. On one core the JIT takes as
/// long as it takes: a fixed time is too short on a slow machine.
final class WarmUp {
  /// A rate that is this much above the best before it still grows; less is the machine's mood.
  private static final double GROWTH = 1.03;

  private static final int QUIET_ROUNDS = 3;

  /// Of many loads, one in ten exceeds its best by chance in almost every round.
  private static final int LOADS_FOR_ONE_BY_CHANCE = 10;

  /// Fewer rounds are for a trial of the bench itself.
  private static final int MOST_ROUNDS = Integer.getInteger("keybroker.bench.warm-up-rounds", 40);

  private final Map<String, Load> loads = new LinkedHashMap<>();
  private final Map<String, Double> best = new LinkedHashMap<>();

  /// One load, a second or so of it.
  interface Load {
    double perSecond() throws IOException, InterruptedException;
  }

  /// Adds a load; all take turns, so that none is further with its JIT than another.
  WarmUp with(String name, Load load) {
    loads.put(name, load);
    best.put(name, 0.0);
    return this;
  }

  /// Goes on until no load has become faster for three rounds, or of many loads no more than one in
  /// ten.
  void run() throws IOException, InterruptedException {
    int quiet = 0;
    for (int round = 1; quiet < QUIET_ROUNDS && round <= MOST_ROUNDS; round++) {
      int grown = 0;
      for (Map.Entry<String, Load> load : loads.entrySet()) {
        double rate = load.getValue().perSecond();
        if (rate > GROWTH * best.get(load.getKey())) {
          grown++;
        }
        best.merge(load.getKey(), rate, Math::max);
      }
      quiet = grown > loads.size() / LOADS_FOR_ONE_BY_CHANCE ? 0 : quiet + 1;
      System.err.println("warming up, round " + round + ": " + summary());
    }
  }

  private String summary() {
    StringBuilder text = new StringBuilder();
    best.forEach(
        (name, rate) ->
            text.append(text.isEmpty() ? "" : ", ")
                .append(name)
                .append(' ')
                .append(rate.intValue()));
    return text.toString();
  }
}
