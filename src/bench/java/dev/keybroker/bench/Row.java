package dev.keybroker.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;

/// One ratio, measured once in every round.
final class Row {
  private final String subject;
  private final String divisor;
  private final double target;
  private final boolean atMost;
  private final List<Double> ratios = new ArrayList<>();
  private final List<Double> values = new ArrayList<>();
  private final List<Double> divisors = new ArrayList<>();

  /// @param target 0 where there is none
  /// @param atMost whether the ratio should be below the target, not above
  Row(String subject, String divisor, double target, boolean atMost) {
    this.subject = subject;
    this.divisor = divisor;
    this.target = target;
    this.atMost = atMost;
  }

  void add(double value, double dividedBy) {
    values.add(value);
    divisors.add(dividedBy);
    ratios.add(value / dividedBy);
  }

  String subject() {
    return subject;
  }

  double target() {
    return target;
  }

  double ratio() {
    return median(ratios);
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

  /// As a line of the table.
  String markdown() {
    return "| %s | %s | %s | **%s** | %s to %s | %s |"
        .formatted(
            subject + ": " + number(median(values)),
            divisor + ": " + number(median(divisors)),
            ratios.size(),
            number(ratio()),
            number(Collections.min(ratios)),
            number(Collections.max(ratios)),
            target == 0
                ? ""
                : (atMost ? "≤ " : "≥ ") + number(target) + (holds() ? ", met" : ", missed"));
  }

  static String number(double value) {
    String format = value < 20 ? "%.2f" : value < 100 ? "%.1f" : "%,.0f";
    return String.format(Locale.ROOT, format, value);
  }
}
