package dev.keybroker.faults.histories;

import java.util.Arrays;
import java.util.SplittableRandom;

/// What a client does in one step, and how often that is drawn.
enum Operation {
  WRAP(14),
  GENERATE(8),
  UNWRAP(14),
  REWRAP(8),
  BATCH_WRAP(3),
  BATCH_UNWRAP(4),
  BATCH_REWRAP(3),
  PUBLIC_KEK(2),

  CREATE(3),
  GET(2),
  UPDATE(5),
  UPDATE_WITH_ETAG(5),
  UPDATE_ROOT_KEY(4),
  UPDATE_SPEC(2),

  ROTATE(9),
  ROTATE_TWICE(3),
  LIST_KEKS(5),
  DISABLE(6),
  ENABLE(5),
  SCHEDULE_DESTRUCTION(5),
  RESTORE(3),
  /// Lets the time of a scheduled destruction come.
  HASTEN_DESTRUCTION(4),

  MOVE_ALIAS(4),
  DISABLE_KEY(2),
  ENABLE_KEY(3),
  KMS_FAULT(7),
  KMS_CALM(4);

  private static final int SUM = Arrays.stream(values()).mapToInt(it -> it.weight).sum();

  private final int weight;

  Operation(int weight) {
    this.weight = weight;
  }

  static Operation draw(SplittableRandom random) {
    int left = random.nextInt(SUM);
    for (Operation each : values()) {
      left -= each.weight;
      if (left < 0) {
        return each;
      }
    }
    throw new AssertionError();
  }
}
