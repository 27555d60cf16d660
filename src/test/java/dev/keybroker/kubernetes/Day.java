package dev.keybroker.kubernetes;

/// A day's traffic: quiet at night, two humps in working hours, and at 14:00 ten times as much,
/// which comes within 30 s, stays for 10 minutes and is gone after 5 more.
final class Day {
  static final int SECONDS = 24 * 60 * 60;
  static final int SPIKE_START = 14 * 60 * 60;
  static final int SPIKE_RISE = 30;
  static final int SPIKE_TOP = 600;
  static final int SPIKE_FALL = 300;
  static final double SPIKE_FACTOR = 10;

  static final double BUSIEST_WRAPS = 3_000;
  static final double BUSIEST_UNWRAPS = 1_500;

  private static final double NIGHT = 0.08;

  private Day() {}

  static double wraps(int second) {
    return BUSIEST_WRAPS * ordinary(second) * spike(second);
  }

  static double unwraps(int second) {
    return BUSIEST_UNWRAPS * ordinary(second) * spike(second);
  }

  /// In parts of the busiest moment.
  static double ordinary(int second) {
    double hour = second / 3_600.0;
    return NIGHT + (1 - NIGHT) * Math.min(1, hump(hour, 10.5, 1.9) + hump(hour, 15, 2.2));
  }

  private static double hump(double hour, double middle, double width) {
    double distance = (hour - middle) / width;
    return 0.98 * Math.exp(-distance * distance / 2);
  }

  private static double spike(int second) {
    double since = second - SPIKE_START;
    double share =
        since < 0
            ? 0
            : since < SPIKE_RISE
                ? since / SPIKE_RISE
                : since < SPIKE_RISE + SPIKE_TOP
                    ? 1
                    : Math.max(0, 1 - (since - SPIKE_RISE - SPIKE_TOP) / SPIKE_FALL);
    return 1 + (SPIKE_FACTOR - 1) * share;
  }
}
