package dev.keybroker.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/// One ratio, measured once in every round; of the build before, too, where there is one.
final class Row {
  private final String subject;
  private final String divisor;
  private final double target;
  private final boolean atMost;
  private final Series now = new Series();
  private final Series before = new Series();

  /// The ratios of one build.
  private static final class Series {
    private final List<Double> ratios = new ArrayList<>();
    private final List<Double> values = new ArrayList<>();
    private final List<Double> divisors = new ArrayList<>();
  }

  /// @param target 0 if there is none
  /// @param atMost whether the ratio should be below the target, not above
  Row(String subject, String divisor, double target, boolean atMost) {
    this.subject = subject;
    this.divisor = divisor;
    this.target = target;
    this.atMost = atMost;
  }

  void add(Build build, double value, double dividedBy) {
    Series series = build == Build.NOW ? now : before;
    series.values.add(value);
    series.divisors.add(dividedBy);
    series.ratios.add(value / dividedBy);
  }

  /// False in the report of a bench that failed before this row.
  boolean isMeasured() {
    return !now.ratios.isEmpty();
  }

  String subject() {
    return subject;
  }

  double target() {
    return target;
  }

  double ratio() {
    return median(now.ratios);
  }

  boolean holds() {
    return atMost ? ratio() <= target : ratio() >= target;
  }

  static double median(List<Double> values) {
    List<Double> sorted = new ArrayList<>(values);
    Collections.sort(sorted);
    int half = sorted.size() / 2;
    return sorted.size() % 2 == 1
        ? sorted.get(half)
        : (sorted.get(half - 1) + sorted.get(half)) / 2;
  }

  /// The heading of the table.
  static String heading(boolean compares) {
    return "| measured: median | divided by: median | rounds | ratio | spread | target |"
        + (compares ? " ratio before | measured ÷ before |" : "")
        + "\n| --- | --- | --- | --- | --- | --- |"
        + (compares ? " --- | --- |" : "");
  }

  /// As a line of the table.
  ///
  /// @param compares whether there is a build before
  String markdown(boolean compares) {
    String line =
        "| %s | %s | %s | **%s** | %s | %s |"
            .formatted(
                subject + ": " + number(median(now.values)),
                divisor + ": " + number(median(now.divisors)),
                now.ratios.size(),
                number(ratio()),
                range(now.ratios),
                target == 0
                    ? ""
                    : (atMost ? "≤ " : "≥ ") + number(target) + (holds() ? ", met" : ", missed"));
    if (!compares) {
      return line;
    }
    if (before.values.isEmpty()) {
      return line + " | |";
    }
    List<Double> changes = new ArrayList<>();
    for (int round = 0; round < Math.min(now.values.size(), before.values.size()); round++) {
      changes.add(now.values.get(round) / before.values.get(round));
    }
    return line
        + " %s | **%s** (%s) |"
            .formatted(number(median(before.ratios)), number(median(changes)), range(changes));
  }

  private static String range(List<Double> values) {
    return number(Collections.min(values)) + " to " + number(Collections.max(values));
  }

  static String number(double value) {
    String format = value < 20 ? "%.2f" : value < 100 ? "%.1f" : "%,.0f";
    return String.format(Locale.ROOT, format, value);
  }
}
