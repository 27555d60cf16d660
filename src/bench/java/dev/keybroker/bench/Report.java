package dev.keybroker.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What the bench found, as tables and as a chart.
final class Report {
  private static final Path DOCS = Path.of("src/docs");
  private static final String BEGIN = "<!-- Written by the bench from here on -->\n";

  private final Options options;
  private final Map<String, Row> rows = new LinkedHashMap<>();
  private final Map<String, List<Latencies>> latencies = new LinkedHashMap<>();
  private final List<String> calls = new ArrayList<>();
  private final KeystoresTable keystores = new KeystoresTable();

  Report(Options options) {
    this.options = options;
  }

  /// The row of this name, created if it does not exist.
  ///
  /// @param target what the ratio should reach; 0 if there is none
  Row row(String subject, String divisor, double target) {
    return rows.computeIfAbsent(
        subject + divisor, name -> new Row(subject, divisor, target, false));
  }

  /// The row of a ratio that should stay below its target.
  Row atMost(String subject, double target) {
    return rows.computeIfAbsent(subject, name -> new Row(subject, "without", target, true));
  }

  KeystoresTable keystores() {
    return keystores;
  }

  void latencies(String subject, int callers, Latencies measured) {
    latencies
        .computeIfAbsent("| " + subject + " | " + callers + " | ", key -> new ArrayList<>())
        .add(measured);
  }

  void calls(String subject, double seconds, double answers, Services.Calls made) {
    calls.add(
        "| %s | %s s, %s | %d: %s | %d: %s | %d: %s |"
            .formatted(
                subject,
                Row.number(seconds),
                Row.number(answers),
                made.kms(),
                Row.number(made.kms() / answers * 1e6),
                made.redis(),
                Row.number(made.redis() / answers * 1e6),
                made.postgres(),
                Row.number(made.postgres() / answers * 1e6)));
  }

  /// Prints the tables.
  void print() throws IOException, InterruptedException {
    System.out.println(tables());
  }

  /// Prints the tables, and writes them with the chart to `target/bench`, or to the docs.
  void write() throws IOException, InterruptedException {
    String tables = tables();
    System.out.println(tables);
    Path chart = Path.of("target/bench/performance.svg");
    if (options.updateDocs()) {
      Path page = DOCS.resolve("performance.md");
      String text = Files.readString(page);
      int begin = text.indexOf(BEGIN);
      if (begin < 0) {
        throw new IOException(page + " has no line " + BEGIN);
      }
      Files.writeString(page, text.substring(0, begin + BEGIN.length()) + "\n" + tables);
      chart = DOCS.resolve("performance.svg");
    }
    Files.writeString(chart, Chart.of(rows.values()));
  }

  private String tables() throws IOException, InterruptedException {
    StringBuilder text = new StringBuilder();
    text.append("## Results\n\n").append(machine(options)).append("\n\n");
    text.append("![Ratios and their targets](performance.svg)\n\n");
    text.append("### Ratios\n\n");
    boolean compares = options.before() != null;
    text.append(Row.heading(compares)).append('\n');
    rows.values().stream()
        .filter(Row::isMeasured)
        .forEach(row -> text.append(row.markdown(compares)).append('\n'));
    if (!latencies.isEmpty()) {
      text.append("\n### Concurrent callers\n\nLatencies in µs, medians of the rounds.\n\n");
      text.append("| call | callers | calls/s | p50 | p99 | p99.9 |\n");
      text.append("| --- | --- | --- | --- | --- | --- |\n");
      latencies.forEach((key, all) -> text.append(key).append(median(all)).append('\n'));
    }
    if (!calls.isEmpty()) {
      text.append("\n### Calls of the services behind\n\nAs counted there: per million.\n\n");
      text.append("| load | time, calls | KMS | Redis commands | PostgreSQL table scans |\n");
      text.append("| --- | --- | --- | --- | --- |\n");
      calls.forEach(line -> text.append(line).append('\n'));
    }
    return text.append(keystores.markdown()).toString();
  }

  private static String median(List<Latencies> all) {
    return "%s | %s | %s | %s |"
        .formatted(
            Row.number(Row.median(all.stream().map(Latencies::perSecond).toList())),
            Row.number(Row.median(all.stream().map(Latencies::p50).toList())),
            Row.number(Row.median(all.stream().map(Latencies::p99).toList())),
            Row.number(Row.median(all.stream().map(Latencies::p999).toList())));
  }

  /// What it was measured on and with.
  static String machine(Options options) throws IOException, InterruptedException {
    String cpu =
        Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
            .filter(line -> line.startsWith("model name"))
            .map(line -> line.substring(line.indexOf(':') + 2))
            .findFirst()
            .orElse("unknown CPU");
    return """
    %s, on %s with %d cores (server on one, load, stores and KMS on another); Linux %s; Java %s; \
    %s; %s; commit %s. %d rounds, %s s for each load.\
    """
        .formatted(
            LocalDate.now(Clock.systemUTC()),
            cpu,
            Runtime.getRuntime().availableProcessors() + 1,
            System.getProperty("os.version"),
            Runtime.version(),
            Cores.output(new ProcessBuilder("openssl", "version")).strip(),
            Cores.output(new ProcessBuilder("h2load", "--version")).strip(),
            Cores.output(new ProcessBuilder("git", "rev-parse", "--short", "HEAD")).strip(),
            options.rounds(),
            options.seconds());
  }
}
