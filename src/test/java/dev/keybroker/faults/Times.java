package dev.keybroker.faults;

import java.util.Arrays;

/// How long calls took, in nanoseconds. Thread-safe.
final class Times {
  private long[] nanos = new long[1024];
  private int size;

  synchronized void add(long time) {
    if (size == nanos.length) {
      nanos = Arrays.copyOf(nanos, 2 * size);
    }
    nanos[size++] = time;
  }

  synchronized int size() {
    return size;
  }

  /// The time that this share of the calls did not exceed, in milliseconds; 0 where there were
  // none.
  synchronized double millis(double share) {
    if (size == 0) {
      return 0;
    }
    long[] sorted = Arrays.copyOf(nanos, size);
    Arrays.sort(sorted);
    return sorted[Math.min(size - 1, (int) (share * size))] / 1e6;
  }
}
