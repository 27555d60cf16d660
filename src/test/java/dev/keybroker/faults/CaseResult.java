package dev.keybroker.faults;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/// What became of the calls of one case: a row of the table in `src/docs/faults.md`.
///
/// @param checked the unwraps of all that was wrapped meanwhile, when the fault is over
/// @param rotation what became of a change of key in the middle of it
/// @param recovery from the fault's end to the last call that was refused; zero where none was
record CaseResult(
    String name,
    List<Outcomes> wraps,
    List<Outcomes> warmUnwraps,
    List<Outcomes> coldUnwraps,
    List<Outcomes> checked,
    String rotation,
    Duration recovery) {
  static final String HEADER =
      """
      | fault | wraps: right / calls, slowest | unwraps from memory: right / calls, refused | unwraps that ask KMS: \
      right / calls, refused | wrapped DEKs unwrapped afterwards | wrong answers | change of key meanwhile | back after |
      | --- | --- | --- | --- | --- | --- | --- | --- |
      """;

  String row() {
    return "| %s | %s, %d ms | %s | %s | %s | %d | %s | %d ms |%n"
        .formatted(
            name,
            share(wraps),
            wraps.stream().mapToLong(it -> it.slowest().toMillis()).max().orElse(0),
            share(warmUnwraps) + refusals(warmUnwraps),
            share(coldUnwraps) + refusals(coldUnwraps),
            share(checked),
            wrong(),
            rotation,
            recovery.toMillis());
  }

  long wrong() {
    return Stream.of(wraps, warmUnwraps, coldUnwraps, checked)
        .flatMap(List::stream)
        .mapToLong(Outcomes::wrong)
        .sum();
  }

  long refusedUnwraps() {
    return Stream.of(warmUnwraps, coldUnwraps)
        .flatMap(List::stream)
        .mapToLong(Outcomes::refused)
        .sum();
  }

  /// How many calls were refused by each reason.
  static Map<String, Long> reasons(List<Outcomes> outcomes) {
    Map<String, Long> reasons = new TreeMap<>();
    outcomes.forEach(it -> it.refusals().forEach((why, n) -> reasons.merge(why, n, Long::sum)));
    return reasons;
  }

  private static String share(List<Outcomes> outcomes) {
    return "%d / %d"
        .formatted(
            outcomes.stream().mapToLong(Outcomes::right).sum(),
            outcomes.stream().mapToLong(Outcomes::calls).sum());
  }

  private static String refusals(List<Outcomes> outcomes) {
    StringBuilder text = new StringBuilder();
    reasons(outcomes)
        .forEach(
            (why, n) -> text.append(", `%s` %d".formatted(why.substring(why.indexOf('/') + 1), n)));
    return text.toString();
  }
}
