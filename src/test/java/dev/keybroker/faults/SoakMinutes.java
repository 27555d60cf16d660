package dev.keybroker.faults;

import dev.keybroker.PackagedBroker;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Collectors;

/// What a soak's minutes were like. Every fifth is a row of the table.
final class SoakMinutes {
  static final String HEADER =
      """
      | minute | right answers, since the row before | refused, in faults | slowest | live heap, MiB | direct, MiB | resident, MiB | threads | \
      handles | sockets | PostgreSQL sessions |
      | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
      """;

  private static final int ROW_MINUTES = 5;
  private static final double MIB = 1024 * 1024;

  private final Deployment deployment;
  private final SoakEvents events;
  private final FaultsTable table;
  private final Map<Integer, List<Footprint>> footprints = new LinkedHashMap<>();
  private final Map<String, Long> undocumented = new TreeMap<>();
  private final Map<String, Long> refused = new TreeMap<>();
  private Set<String> reasonsBefore = Set.of();
  private long right;
  private long wrong;
  private long slowestMillis;

  SoakMinutes(Deployment deployment, SoakEvents events, FaultsTable table) {
    this.deployment = deployment;
    this.events = events;
    this.table = table;
  }

  /// Takes in a minute's calls.
  void add(int minute, Outcomes outcomes) throws Exception {
    right += outcomes.right();
    wrong += outcomes.wrong();
    slowestMillis = Math.max(slowestMillis, outcomes.slowest().toMillis());
    Set<String> reasons = events.takeReasons();
    outcomes
        .refusals()
        .forEach(
            (reason, count) -> {
              refused.merge(reason, count, Long::sum);
              // A fault of one minute may end in the next one.
              if (!reasons.contains(reason) && !reasonsBefore.contains(reason)) {
                undocumented.merge(reason, count, Long::sum);
              }
            });
    reasonsBefore = reasons;
    System.out.printf("minute %d: %s%n", minute, outcomes);
    if (minute % ROW_MINUTES == 0) {
      addRow(minute);
    }
  }

  private void addRow(int minute) throws Exception {
    List<Footprint> all = new ArrayList<>();
    for (PackagedBroker broker : deployment.brokers()) {
      all.add(Footprint.of(broker));
    }
    footprints.put(minute, all);
    table.add(
        "| %d | %d | %s | %d ms | %s | %s | %s | %s | %s | %s | %d |%n"
            .formatted(
                minute,
                right,
                refused.isEmpty()
                    ? "0"
                    : refused.entrySet().stream()
                        .map(
                            it ->
                                "`%s` %d"
                                    .formatted(it.getKey().replaceFirst(".*/", ""), it.getValue()))
                        .collect(Collectors.joining(", ")),
                slowestMillis,
                mib(all, Footprint::heap),
                mib(all, Footprint::direct),
                mib(all, Footprint::resident),
                each(all, Footprint::threads),
                each(all, Footprint::handles),
                each(all, Footprint::sockets),
                sessions()));
    right = 0;
    slowestMillis = 0;
    refused.clear();
  }

  private long sessions() throws Exception {
    try (Connection connection = deployment.database();
        Statement statement = connection.createStatement();
        ResultSet result =
            statement.executeQuery(
                "select count(*) from pg_stat_activity where backend_type = 'client backend' and"
                    + " pid <> pg_backend_pid()")) {
      result.next();
      return result.getLong(1);
    }
  }

  private static String mib(List<Footprint> all, ToLongFunction<Footprint> bytes) {
    return all.stream()
        .map(it -> "%.0f".formatted(bytes.applyAsLong(it) / MIB))
        .collect(Collectors.joining(", "));
  }

  private static String each(List<Footprint> all, ToLongFunction<Footprint> number) {
    return all.stream()
        .map(it -> Long.toString(number.applyAsLong(it)))
        .collect(Collectors.joining(", "));
  }

  long wrong() {
    return wrong;
  }

  /// Refusals by reasons that belong to no fault of that minute or the one before.
  Map<String, Long> undocumented() {
    return undocumented;
  }

  /// What each broker held, by the minute.
  Map<Integer, List<Footprint>> footprints() {
    return footprints;
  }
}
