package dev.keybroker.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Locale;
import java.util.Map;

/// The dashboard's panels as one SVG, three in a row.
final class DashboardPicture {
  private static final int WIDTH = 300;
  private static final int HEIGHT = 110;
  private static final int COLUMNS = 3;
  private static final int LEFT = 56;
  private static final int CELL_WIDTH = WIDTH + LEFT + 20;
  private static final int LEGEND_LINE = 13;
  private static final int LEGEND_LINES = 5;
  private static final int CELL_HEIGHT = HEIGHT + 50 + LEGEND_LINES * LEGEND_LINE;
  private static final String[] COLOURS = {
    "#3b6ec8", "#c8793b", "#4c9a6a", "#b03bc8", "#888888", "#b3a125", "#c83b53", "#2aa1a1"
  };

  private DashboardPicture() {}

  /// @param panels by title: lines by name, each of pairs of seconds and a number as text
  static String of(Map<String, Map<String, JsonNode>> panels, double begin, double end) {
    Map<String, Map<String, JsonNode>> drawn = new java.util.LinkedHashMap<>(panels);
    drawn.values().removeIf(Map::isEmpty);
    int rows = (drawn.size() + COLUMNS - 1) / COLUMNS;
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" \
        font-family="sans-serif" font-size="11">
        <rect width="100%%" height="100%%" fill="white"/>
        """
            .formatted(COLUMNS * CELL_WIDTH + 10, rows * CELL_HEIGHT + 10));
    int index = 0;
    for (var panel : drawn.entrySet()) {
      int x = LEFT + index % COLUMNS * CELL_WIDTH;
      int y = 28 + index / COLUMNS * CELL_HEIGHT;
      panel(svg, panel.getKey(), panel.getValue(), x, y, begin, end);
      index++;
    }
    return svg.append("</svg>\n").toString();
  }

  private static void panel(
      StringBuilder svg,
      String title,
      Map<String, JsonNode> lines,
      int left,
      int top,
      double begin,
      double end) {
    double largest = 1e-9;
    for (JsonNode values : lines.values()) {
      for (JsonNode value : values) {
        largest = Math.max(largest, number(value));
      }
    }
    svg.append(
        """
        <text x="%d" y="%d" font-weight="bold">%s</text>
        <path d="M%d,%d v%d h%d" fill="none" stroke="black"/>
        <text x="%d" y="%d" text-anchor="end">%s</text>
        <text x="%d" y="%d">0 s</text>
        <text x="%d" y="%d" text-anchor="end">%.0f s</text>
        """
            .formatted(
                left,
                top - 8,
                title,
                left,
                top,
                HEIGHT,
                WIDTH,
                left - 4,
                top + 9,
                label(largest),
                left,
                top + HEIGHT + 13,
                left + WIDTH,
                top + HEIGHT + 13,
                end - begin));
    int line = 0;
    for (var series : lines.entrySet()) {
      StringBuilder points = new StringBuilder();
      for (JsonNode value : series.getValue()) {
        points.append(
            String.format(
                Locale.ROOT,
                "%.1f,%.1f ",
                left + (value.get(0).doubleValue() - begin) / (end - begin) * WIDTH,
                top + HEIGHT - number(value) / largest * HEIGHT));
      }
      String colour = COLOURS[line % COLOURS.length];
      svg.append(
          "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.3\" points=\"%s\"/>\n"
              .formatted(colour, points.toString().strip()));
      if (line < LEGEND_LINES) {
        svg.append(
            "<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n"
                .formatted(
                    left,
                    top + HEIGHT + 28 + line * LEGEND_LINE,
                    colour,
                    series.getKey().replaceFirst("^\\d+ ?", "").isEmpty()
                        ? "line " + (line + 1)
                        : series.getKey().replaceFirst("^\\d+ ", "")));
      }
      line++;
    }
  }

  private static double number(JsonNode value) {
    double number = Double.parseDouble(value.get(1).textValue());
    return Double.isFinite(number) ? number : 0;
  }

  private static String label(double number) {
    return number >= 1e6
        ? String.format(Locale.ROOT, "%.0f M", number / 1e6)
        : number >= 10
            ? String.format(Locale.ROOT, "%.0f", number)
            : number >= 0.01
                ? String.format(Locale.ROOT, "%.2f", number)
                : String.format(Locale.ROOT, "%.1e", number);
  }
}
