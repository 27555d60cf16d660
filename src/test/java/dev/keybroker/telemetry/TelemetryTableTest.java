package dev.keybroker.telemetry;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.Encapsulation;
import dev.keybroker.kms.KmsFailure;
import java.io.IOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// `src/docs/telemetry.md` has a row for each constant of [Metrics], with the type and the tags
/// that the constant's documentation says, and none besides.
class TelemetryTableTest {
  private static final Path DOCUMENT = Path.of("src/docs/telemetry.md");
  private static final Path SOURCE = Path.of("src/main/java/dev/keybroker/telemetry/Metrics.java");
  private static final String METER_PREFIX = "keybroker.";

  /// A constant's documentation, name and value.
  private static final Pattern CONSTANT =
      Pattern.compile("((?: *///.*\n)+) *public static final String (\\w+) =\\s*\"([^\"]+)\";");

  private static final Pattern TAG_LINK = Pattern.compile("\\[#(\\w+)]");
  private static final Pattern CODE = Pattern.compile("`([^`]+)`");

  private record Meter(String type, Set<String> tags) {}

  @Test
  void meters_ofTheTable_areThoseOfTheCode() throws Exception {
    Map<String, Meter> table = new TreeMap<>();
    for (List<String> row : rows("Meters")) {
      table.put(codes(row.get(0)).iterator().next(), new Meter(row.get(1), codes(row.get(2))));
    }

    assertEquals(documentedMeters(), table);
    assertEquals(
        constants().values().stream().filter(it -> it.startsWith(METER_PREFIX)).collect(toSet()),
        table.keySet());
  }

  @Test
  void tags_ofTheTable_areThoseOfTheCode() throws Exception {
    Set<String> tags = new TreeSet<>();
    for (List<String> row : rows("Tags")) {
      tags.addAll(codes(row.get(0)));
    }

    assertEquals(
        constants().values().stream().filter(it -> !it.startsWith(METER_PREFIX)).collect(toSet()),
        tags);
  }

  @Test
  void everyTagOfAMeter_hasItsValues() throws Exception {
    Map<String, Set<String>> tagsOfMeters = new TreeMap<>();
    for (List<String> row : rows("Tags")) {
      for (String meter : codes(row.get(1))) {
        tagsOfMeters.computeIfAbsent(meter, it -> new TreeSet<>()).addAll(codes(row.get(0)));
      }
      assertFalse(codes(row.get(2)).isEmpty(), row::toString);
    }
    Map<String, Set<String>> expected = new TreeMap<>();
    documentedMeters()
        .forEach(
            (name, meter) -> {
              if (!meter.tags.isEmpty()) {
                expected.put(name, meter.tags);
              }
            });

    assertEquals(expected, tagsOfMeters);
  }

  @Test
  void valuesOfEnums_areAllInTheTable() throws Exception {
    assertTrue(
        values(Metrics.ENCAPSULATION, Metrics.WRAP).containsAll(tags(Encapsulation.values())));
    assertTrue(
        values(Metrics.OUTCOME, Metrics.KMS_CALLS).containsAll(tags(KmsFailure.Kind.values())));
  }

  private static Set<String> values(String tag, String meter) throws IOException {
    return rows("Tags").stream()
        .filter(row -> codes(row.get(0)).contains(tag) && codes(row.get(1)).contains(meter))
        .flatMap(row -> codes(row.get(2)).stream())
        .collect(toSet());
  }

  private static Set<String> tags(Enum<?>[] values) {
    return Arrays.stream(values).map(it -> it.name().toLowerCase(Locale.ROOT)).collect(toSet());
  }

  /// Names and values of all constants.
  private static Map<String, String> constants() throws IllegalAccessException {
    Map<String, String> constants = new TreeMap<>();
    for (Field field : Metrics.class.getFields()) {
      constants.put(field.getName(), (String) field.get(null));
    }
    return constants;
  }

  /// The meters as their documentation in the source says them.
  private static Map<String, Meter> documentedMeters() throws Exception {
    Map<String, String> constants = constants();
    Map<String, Meter> meters = new TreeMap<>();
    Matcher matcher = CONSTANT.matcher(Files.readString(SOURCE));
    while (matcher.find()) {
      if (matcher.group(3).startsWith(METER_PREFIX)) {
        String text = matcher.group(1).replace("///", "").strip();
        String type = text.substring(0, text.indexOf(':')).toLowerCase(Locale.ROOT);
        Set<String> tags = new TreeSet<>();
        TAG_LINK.matcher(text).results().forEach(tag -> tags.add(constants.get(tag.group(1))));
        meters.put(matcher.group(3), new Meter(type, tags));
      }
    }
    return meters;
  }

  /// The rows of the table under a heading, without its head.
  private static List<List<String>> rows(String heading) throws IOException {
    String section = Files.readString(DOCUMENT).split("(?m)^## " + heading + "$", 2)[1];
    return section
        .split("(?m)^## ", 2)[0]
        .lines()
        .filter(line -> line.startsWith("| `"))
        .map(
            line ->
                Arrays.stream(line.substring(1, line.length() - 1).split("\\|"))
                    .map(String::strip)
                    .toList())
        .toList();
  }

  private static Set<String> codes(String cell) {
    Set<String> codes = new TreeSet<>();
    CODE.matcher(cell).results().forEach(code -> codes.add(code.group(1)));
    return codes;
  }
}
