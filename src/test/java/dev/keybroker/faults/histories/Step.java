package dev.keybroker.faults.histories;

import java.util.SplittableRandom;

/// One step of a client. What `first` and `second` pick among, the operation says: a keystore, a
/// KEK, a wrapped DEK of those that are known when the step is made.
///
/// @param broker which broker is asked, 0 or 1
/// @param pauseMillis before it
record Step(Operation operation, int broker, int first, int second, int pauseMillis) {
  private static final int LONGEST_PAUSE = 30;

  static Step draw(SplittableRandom random) {
    return new Step(
        Operation.draw(random),
        random.nextInt(2),
        random.nextInt(Integer.MAX_VALUE),
        random.nextInt(Integer.MAX_VALUE),
        random.nextInt(3) > 0 ? 0 : random.nextInt(LONGEST_PAUSE));
  }

  /// The same draws for another operation.
  Step as(Operation other) {
    return new Step(other, broker, first, second, pauseMillis);
  }

  /// One of so many, by the first draw.
  int pick(int size) {
    return first % size;
  }

  /// One of so many, by the second draw.
  int pickSecond(int size) {
    return second % size;
  }
}
