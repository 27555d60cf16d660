package dev.keybroker.audit.postgres;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keybroker.audit.AuditCursor;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.audit.Outcome;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A query is one statement whose text is the broker's own, with one parameter for each value; and
/// PostgreSQL can take each value: no NUL, not in JSON either.
public final class RecordFilterFuzz {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern OWN_TEXT = Pattern.compile("[a-zA-Z0-9_ ,.:=<>@()$'\n]*");
  private static final Pattern PARAMETER = Pattern.compile("\\$[0-9]+");
  private static final Instant LAST = Instant.parse("9999-12-31T23:59:59Z");

  private RecordFilterFuzz() {}

  public static void fuzzerTestOneInput(FuzzedDataProvider data) throws JsonProcessingException {
    AuditQuery query =
        new AuditQuery(
            "acme",
            time(data),
            data.consumeBoolean() ? time(data) : null,
            data.consumeBoolean() ? "calls" : null,
            nullable(data),
            data.consumeBoolean() ? data.pickValue(Outcome.values()) : null,
            data.consumeBoolean() ? data.consumeBytes(32) : null,
            pairs(data));
    AuditCursor before =
        data.consumeBoolean()
            ? new AuditCursor(time(data), new UUID(1, data.consumeLong()), data.consumeLong())
            : null;

    RecordFilter filter = RecordFilter.of(query, before);
    String sql = filter.sql(data.consumeInt(1, 1_001));
    holds(OWN_TEXT.matcher(sql).matches(), "a value in the statement's text");
    holds(
        PARAMETER.matcher(sql).results().count() == filter.values().size(),
        "not one parameter for each value");
    for (int i = 0; i < filter.values().size(); i++) {
      holds(sql.contains("$" + (i + 1)), "a value without its parameter");
      if (filter.values().getValue(i) instanceof String text) {
        holds(text.indexOf(0) < 0, "a NUL");
        holds(new String(text.getBytes(UTF_8), UTF_8).equals(text), "no Unicode text");
      }
    }
    Map<String, String> pairs = query.contextValues();
    if (!pairs.isEmpty()) {
      String json = filter.values().getString(filter.values().size() - 1);
      holds(JSON.convertValue(JSON.readTree(json), Map.class).equals(pairs), "other pairs");
      pairs.forEach((key, value) -> holds(key.indexOf(0) < 0 && value.indexOf(0) < 0, "a NUL"));
    }
  }

  private static Instant time(FuzzedDataProvider data) {
    return Instant.ofEpochSecond(
        data.consumeLong(0, LAST.getEpochSecond()), data.consumeInt(0, 999_999_999));
  }

  private static Map<String, String> pairs(FuzzedDataProvider data) {
    Map<String, String> pairs = new TreeMap<>();
    for (int i = data.consumeInt(0, 3); i > 0; i--) {
      pairs.put(data.consumeString(1_024), data.consumeString(1_024));
    }
    return pairs;
  }

  private static @Nullable String nullable(FuzzedDataProvider data) {
    return data.consumeBoolean() ? data.consumeString(1_024) : null;
  }
}
