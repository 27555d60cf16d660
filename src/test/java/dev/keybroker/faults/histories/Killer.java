package dev.keybroker.faults.histories;

import dev.keybroker.faults.histories.Tally.Count;
import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;

/// Kills a broker now and then while histories run, at moments drawn from a seed.
final class Killer {
  private static final int FEWEST_HISTORIES = 60;
  private static final int MOST_HISTORIES = 240;
  private static final int LONGEST_DELAY_MILLIS = 1000;
  private static final int LONGEST_REST_MILLIS = 2000;
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(20);

  private final SplittableRandom random;
  private final Brokers brokers;
  private final Tally tally;
  private volatile boolean ended;

  Killer(long seed, Brokers brokers, Tally tally) {
    this.random = new SplittableRandom(~seed);
    this.brokers = brokers;
    this.tally = tally;
  }

  /// Kills until it is told to end.
  void run() throws IOException, InterruptedException {
    long next = 0;
    while (true) {
      next += random.nextInt(FEWEST_HISTORIES, MOST_HISTORIES);
      while (tally.get(Count.HISTORIES) < next) {
        if (ended) {
          return;
        }
        Thread.sleep(BETWEEN_LOOKS);
      }
      Thread.sleep(random.nextInt(LONGEST_DELAY_MILLIS));
      Duration rest = Duration.ofMillis(random.nextInt(LONGEST_REST_MILLIS));
      brokers.kill(random.nextInt(Brokers.NUMBER), rest);
      tally.add(Count.KILLS);
    }
  }

  void end() {
    ended = true;
  }
}
