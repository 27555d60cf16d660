package dev.keybroker.kubernetes;

import dev.keybroker.kubernetes.Fleet.Moment;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/// Three panels over the time around the spike: calls, pods that are ready, calls shed.
final class ScalingChart {
  private static final int FIRST = Day.SPIKE_START - 60;
  private static final int LAST = Day.SPIKE_START + 240;
  private static final int LEFT = 70;
  private static final int WIDTH = 560;
  private static final int HEIGHT = 120;
  private static final int GAP = 46;
  private static final String[] COLOURS = {"#c8793b", "#b3a125", "#3b6ec8", "#888888"};

  private ScalingChart() {}

  static boolean isShown(int second) {
    return second >= FIRST && second <= LAST;
  }

  /// The first four of the days.
  static String of(Map<String, List<Moment>> days) {
    List<Map.Entry<String, List<Moment>>> shown = days.entrySet().stream().limit(4).toList();
    StringBuilder svg = new StringBuilder();
    svg.append(
        """
        <svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" \
        font-family="sans-serif" font-size="12">
        <rect width="100%%" height="100%%" fill="white"/>
        """
            .formatted(LEFT + WIDTH + 30, 3 * (HEIGHT + GAP) + 20 + 18 * shown.size()));
    panel(svg, 0, "calls a second", shown.subList(0, 1), Moment::calls);
    panel(svg, 1, "pods ready", shown, Moment::ready);
    panel(svg, 2, "calls shed a second", shown, Moment::shed);
    int y = 3 * (HEIGHT + GAP) + 14;
    for (int i = 0; i < shown.size(); i++) {
      svg.append(
          "<rect x=\"%d\" y=\"%d\" width=\"14\" height=\"4\" fill=\"%s\"/><text x=\"%d\" y=\"%d\">%s</text>\n"
              .formatted(LEFT, y - 6, COLOURS[i], LEFT + 22, y, shown.get(i).getKey()));
      y += 18;
    }
    return svg.append("</svg>\n").toString();
  }

  private static void panel(
      StringBuilder svg,
      int index,
      String title,
      List<Map.Entry<String, List<Moment>>> days,
      ToDoubleFunction<Moment> value) {
    int top = index * (HEIGHT + GAP) + 24;
    double largest =
        days.stream()
            .flatMap(day -> day.getValue().stream())
            .filter(it -> isShown(it.second()))
            .mapToDouble(value)
            .max()
            .orElse(1);
    svg.append(
        """
        <text x="%d" y="%d">%s</text>
        <path d="M%d,%d v%d h%d" fill="none" stroke="black"/>
        <text x="%d" y="%d" text-anchor="end">%s</text>
        <text x="%d" y="%d" text-anchor="end">0</text>
        """
            .formatted(
                LEFT,
                top - 8,
                title,
                LEFT,
                top,
                HEIGHT,
                WIDTH,
                LEFT - 6,
                top + 10,
                String.format(Locale.ROOT, "%,.0f", largest),
                LEFT - 6,
                top + HEIGHT));
    for (int second = FIRST; second <= LAST; second += 60) {
      svg.append(
          "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%+d s</text>\n"
              .formatted(x(second), top + HEIGHT + 14, second - Day.SPIKE_START));
    }
    for (int i = 0; i < days.size(); i++) {
      StringBuilder points = new StringBuilder();
      for (Moment moment : days.get(i).getValue()) {
        if (isShown(moment.second())) {
          points.append(
              String.format(
                  Locale.ROOT,
                  "%d,%.1f ",
                  x(moment.second()),
                  top + HEIGHT - value.applyAsDouble(moment) / largest * HEIGHT));
        }
      }
      svg.append(
          "<polyline fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" points=\"%s\"/>\n"
              .formatted(COLOURS[i], points.toString().strip()));
    }
  }

  private static int x(int second) {
    return LEFT + (second - FIRST) * WIDTH / (LAST - FIRST);
  }
}
