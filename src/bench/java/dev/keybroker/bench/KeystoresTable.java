package dev.keybroker.bench;

import dev.keybroker.bench.ManyKeystores.Load;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;

/// What was measured with many keystores.
final class KeystoresTable {
  private final Map<String, List<Load>> loads = new LinkedHashMap<>();
  private final List<String> sizes = new ArrayList<>();

  void load(int keystores, Access access, Load measured) {
    loads
        .computeIfAbsent(
            "| " + number(keystores) + " | " + access.label() + " | ", key -> new ArrayList<>())
        .add(measured);
  }

  /// Reads the memory of a broker that was measured.
  ///
  /// @param firstPerSecond first wraps, one of each keystore; 0 if there are too few for a result
  void size(int keystores, Broker broker, double firstPerSecond)
      throws IOException, InterruptedException {
    double live = broker.liveMebibytes();
    sizes.add(
        "| %s | %s | %s | %s | %s |"
            .formatted(
                number(keystores),
                Row.number(broker.secondsToReady()),
                firstPerSecond == 0 ? "" : Row.number(firstPerSecond),
                Row.number(live),
                Row.number(broker.mebibytes())));
  }

  static String number(int keystores) {
    return String.format(Locale.ROOT, "%,d", keystores);
  }

  /// The tables, or nothing where nothing was measured.
  String markdown() {
    if (loads.isEmpty()) {
      return "";
    }
    StringBuilder text = new StringBuilder("\n### Many keystores\n\n");
    text.append("WrapDek P256 by the checking client, 64 callers; medians of the rounds.\n\n");
    text.append(
        "| keystores | access | calls/s | p50 µs | p99 µs | the broker's CPU µs a call |\n");
    text.append("| --- | --- | --- | --- | --- | --- |\n");
    loads.forEach(
        (key, all) ->
            text.append(key)
                .append(median(all.stream().map(load -> load.latencies().perSecond())))
                .append(median(all.stream().map(load -> load.latencies().p50())))
                .append(median(all.stream().map(load -> load.latencies().p99())))
                .append(Row.number(Row.median(all.stream().map(Load::cpuMicros).toList())))
                .append(" |\n"));
    text.append("\nOne broker for each number, after all its loads.\n\n");
    text.append(
        "| keystores | s to ready | first wraps/s, one each | heap alive, MiB | resident MiB |\n");
    text.append("| --- | --- | --- | --- | --- |\n");
    sizes.forEach(line -> text.append(line).append('\n'));
    return text.toString();
  }

  private static String median(Stream<Double> values) {
    return Row.number(Row.median(values.toList())) + " | ";
  }
}
