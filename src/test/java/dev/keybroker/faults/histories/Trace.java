package dev.keybroker.faults.histories;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// What happened in a history, to be read by people. Thread-safe.
final class Trace {
  private static final double MILLI = 1e6;

  private final long start = System.nanoTime();
  private final List<Line> lines = new ArrayList<>();

  private record Line(long started, long ended, String who, String what) {}

  /// @param who a client, and the broker that it asked
  void add(long started, long ended, String who, String what) {
    synchronized (lines) {
      lines.add(new Line(started, ended, who, what));
    }
  }

  /// All of it by when it began, in milliseconds since the history's start.
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    synchronized (lines) {
      lines.sort(Comparator.comparingLong(Line::started));
      for (Line line : lines) {
        text.append(
            "  %8.1f to %8.1f  %-10s %s%n"
                .formatted(
                    (line.started - start) / MILLI,
                    (line.ended - start) / MILLI,
                    line.who,
                    line.what));
      }
    }
    return text.toString();
  }
}
