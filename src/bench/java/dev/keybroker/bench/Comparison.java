package dev.keybroker.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/// What was measured of each artefact, side by side: the median of the rounds, and their range.
final class Comparison {
  private static final Path PAGE = Path.of("src/docs/performance.md");
  private static final String BEGIN = "<!-- Written by src/bench/artefacts.sh -->\n";
  private static final String END = "<!-- Until here -->\n";

  private final Options options;
  private final Map<String, Map<String, List<Double>>> rows = new LinkedHashMap<>();

  Comparison(Options options) {
    this.options = options;
  }

  void add(String measured, Artefact artefact, double value) {
    System.err.println(measured + ": " + Row.number(value));
    rows.computeIfAbsent(measured, row -> new LinkedHashMap<>())
        .computeIfAbsent(artefact.name(), column -> new ArrayList<>())
        .add(value);
  }

  /// Prints the table, and writes it to the docs if the options ask for it.
  void write() throws IOException, InterruptedException {
    String table = Report.machine(options) + "\n\n" + table();
    System.out.println(table);
    if (options.updateDocs()) {
      String text = Files.readString(PAGE);
      int begin = text.indexOf(BEGIN);
      int end = text.indexOf(END, begin);
      if (begin < 0 || end < 0) {
        throw new IOException(PAGE + " has no lines " + BEGIN + END);
      }
      Files.writeString(
          PAGE,
          text.substring(0, begin + BEGIN.length()) + "\n" + table + "\n" + text.substring(end));
    }
  }

  private String table() {
    Set<String> columns = new LinkedHashSet<>();
    rows.values().forEach(row -> columns.addAll(row.keySet()));
    List<List<String>> ratios =
        Stream.of(
                List.of("native", "jar"),
                List.of("jar", "jar before"),
                List.of("native", "native before"))
            .filter(columns::containsAll)
            .toList();
    StringBuilder text = new StringBuilder("| |");
    columns.forEach(column -> text.append(' ').append(column).append(" |"));
    ratios.forEach(ratio -> text.append(' ').append(String.join(" ÷ ", ratio)).append(" |"));
    text.append("\n| --- |").append(" --- |".repeat(columns.size() + ratios.size())).append('\n');
    rows.forEach(
        (measured, row) -> {
          text.append("| ").append(measured).append(" |");
          row.values().forEach(values -> text.append(' ').append(cell(values)).append(" |"));
          ratios.forEach(
              ratio ->
                  text.append(' ')
                      .append(ratio(row.get(ratio.getFirst()), row.get(ratio.getLast())))
                      .append(" |"));
          text.append('\n');
        });
    return text.toString();
  }

  private static String cell(List<Double> values) {
    String median = Row.number(Row.median(values));
    double least = Collections.min(values);
    double most = Collections.max(values);
    return least == most
        ? median
        : median + " (" + Row.number(least) + " to " + Row.number(most) + ")";
  }

  /// The median of the rounds' ratios.
  private static String ratio(List<Double> values, List<Double> divisors) {
    List<Double> ratios = new ArrayList<>();
    for (int round = 0; round < values.size(); round++) {
      ratios.add(values.get(round) / divisors.get(round));
    }
    return "**" + Row.number(Row.median(ratios)) + "**";
  }
}
