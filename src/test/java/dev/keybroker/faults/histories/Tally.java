package dev.keybroker.faults.histories;

import java.util.Map;
import java.util.TreeMap;

/// What all histories together were. Thread-safe.
final class Tally {
  /// What is counted.
  enum Count {
    HISTORIES("histories"),
    STEPS("steps of clients"),
    CALLS("calls"),
    KEYSTORES("keystores made"),
    KEKS("KEKs made"),
    WRAPPED("wrapped DEKs returned"),
    RIGHT("of them right at the end, at both brokers"),
    DISABLED("of them refused at the end with `KEK_DISABLED`, the KEK being that"),
    DESTROYED("of them refused at the end with `KEK_DESTROYED`, the KEK being that"),
    UNWRAPS("unwraps answered, the last ones included"),
    WRONG_DEKS("of them with a wrong DEK"),
    KMS_FAULTS("KMS faults put in force"),
    KMS_STRUCK("calls of KMS struck by them"),
    KEYS_DISABLED("KMS keys disabled by their owner"),
    ALIAS_MOVES("aliases moved to another KMS key"),
    KILLS("brokers killed (SIGKILL) and restarted"),
    LOST("calls cut off by that"),
    WRONG("histories in which something was wrong");

    private final String text;

    Count(String text) {
      this.text = text;
    }
  }

  private final Map<Count, Long> counts = new TreeMap<>();
  private final Map<String, Long> refusals = new TreeMap<>();

  synchronized void add(Count count, long number) {
    counts.merge(count, number, Long::sum);
  }

  void add(Count count) {
    add(count, 1);
  }

  synchronized long get(Count count) {
    return counts.getOrDefault(count, 0L);
  }

  synchronized void refused(Refusal refusal) {
    refusals.merge(refusal.name(), 1L, Long::sum);
  }

  synchronized String refusals() {
    StringBuilder text = new StringBuilder();
    refusals.forEach(
        (reason, number) ->
            text.append(text.isEmpty() ? "" : ", ").append("`%s` %,d".formatted(reason, number)));
    return text.toString();
  }

  String progress() {
    return "%d histories, %d wrong, %d kills, %d calls, %d wrapped DEKs, refused: %s"
        .formatted(
            get(Count.HISTORIES),
            get(Count.WRONG),
            get(Count.KILLS),
            get(Count.CALLS),
            get(Count.WRAPPED),
            refusals());
  }

  String rows() {
    StringBuilder rows = new StringBuilder();
    for (Count count : Count.values()) {
      rows.append("| %s | %,d |%n".formatted(count.text, get(count)));
    }
    return rows.append("| refused while it went on | %s |%n".formatted(refusals())).toString();
  }
}
