package dev.keybroker.bench;

import java.util.Collection;
import java.util.List;
import java.util.Locale;

/// Bars for the ratios up to 1, each with its target as a line.
final class Chart {
  private static final int LABEL = 290;
  private static final int WIDTH = 400;
  private static final int LINE = 26;
  private static final double LARGEST = 1.2;

  private Chart() {}

  static String of(Collection<Row> all) {
    List<Row> rows = all.stream().filter(row -> row.target() > 0 && row.target() < 1).toList();
    int height = (rows.size() + 2) * LINE;
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" \
        font-family="sans-serif" font-size="12">
        <rect width="100%%" height="100%%" fill="white"/>
        """
            .formatted(LABEL + WIDTH + 60, height));
    int y = LINE / 2;
    for (Row row : rows) {
      int middle = y + LINE / 2 + 4;
      svg.append(
          """
          <text x="%d" y="%d" text-anchor="end">%s</text>
          <rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>
          <text x="%d" y="%d">%s</text>
          <rect x="%12$d" y="%5$d" width="2" height="%7$d" fill="black"/>
          """
              .formatted(
                  LABEL - 8,
                  middle,
                  row.subject(),
                  LABEL,
                  y + 4,
                  pixels(row.ratio()),
                  LINE - 8,
                  row.holds() ? "#4c9a6a" : "#c8793b",
                  LABEL + pixels(Math.max(row.ratio(), row.target())) + 6,
                  middle,
                  String.format(Locale.ROOT, "%.2f", row.ratio()),
                  LABEL + pixels(row.target())));
      y += LINE;
    }
    svg.append(
        """
        <text x="%d" y="%d">ratio to the divisor of the table; the black line is the target</text>
        </svg>
        """
            .formatted(LABEL, y + LINE));
    return svg.toString();
  }

  private static int pixels(double ratio) {
    return (int) Math.round(Math.min(ratio, LARGEST) / LARGEST * WIDTH);
  }
}
