package dev.keybroker.audit.postgres;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.audit.AuditEvent;
import dev.keybroker.audit.ChainHead;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.Outcome;
import dev.keybroker.audit.RecordHash;
import java.text.Normalizer;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is read back is what is stored, and nothing that is changed in a row goes unseen.
class RecordColumnsTest {
  private static final long SEED = 4711;
  private static final int ROUNDS = 20_000;
  private static final UUID CHAIN = UUID.fromString("6a2f41a3-c54c-fce8-32d2-0324e1c32e22");
  private static final List<String> TEXTS =
      List.of("", "1234", "true", "null", "Ada", "caf\u00e9", "a b", " a", "{}", "\uD83C\uDF99");

  private final Random random = new Random(SEED);
  private final RecordHash hash = RecordHash.of(null);

  /// A row in memory; values as a client of PostgreSQL gives them.
  private record Row(Map<String, Object> columns) implements StoredRow<RuntimeException> {
    @Override
    public String text(String column) {
      return (String) columns.get(column);
    }

    @Override
    public Long number(String column) {
      return (Long) columns.get(column);
    }

    @Override
    public UUID uuid(String column) {
      return (UUID) columns.get(column);
    }

    @Override
    public byte[] bytes(String column) {
      return (byte[]) columns.get(column);
    }

    @Override
    public Instant time(String column) {
      return (Instant) columns.get(column);
    }

    Row with(String column, Object value) {
      Map<String, Object> changed = new HashMap<>(columns);
      changed.put(column, value);
      return new Row(changed);
    }
  }

  private String text() {
    String text = TEXTS.get(random.nextInt(TEXTS.size()));
    return random.nextInt(8) == 0 ? text + "x".repeat(AuditEvent.MAX_TEXT - text.length()) : text;
  }

  private String nullable() {
    return random.nextInt(3) == 0 ? null : text();
  }

  private UUID uuid() {
    return new UUID(random.nextLong(), random.nextLong());
  }

  private byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  private ChainedRecord record() {
    Map<String, String> pairs = new TreeMap<>();
    for (int i = random.nextInt(4); i > 0; i--) {
      pairs.put("key" + i, random.nextBoolean() ? text() : "v".repeat(256));
    }
    AuditEvent event =
        new AuditEvent(
            Instant.ofEpochSecond(random.nextInt(), random.nextInt(1_000_000) * 1_000L)
                .plusSeconds(1L << 31),
            "UnwrapDek",
            random.nextInt(5) == 0 ? null : new AuditEvent.Actor("JWT", text()),
            nullable(),
            nullable(),
            new AuditEvent.Detail(
                random.nextBoolean() ? uuid() : null,
                nullable(),
                random.nextBoolean() ? bytes(32) : null,
                pairs,
                nullable()),
            nullable(),
            nullable(),
            Outcome.values()[random.nextInt(Outcome.values().length)],
            nullable(),
            random.nextBoolean() ? 0 : random.nextInt(1, 100));
    return hash.next(CHAIN, new ChainHead(random.nextInt(1_000), bytes(32)), event);
  }

  private static Row row(ChainedRecord record) {
    AuditEvent event = record.event();
    AuditEvent.Detail detail = event.detail();
    Map<String, Object> columns = new HashMap<>();
    columns.put("chain", record.chain());
    columns.put("seq", record.sequence());
    columns.put("time", event.time());
    columns.put("previous_hash", record.previousHash());
    columns.put("hash", record.hash());
    columns.put("action", event.action());
    columns.put("caller_kind", event.actor() == null ? null : event.actor().kind());
    columns.put("caller", event.actor() == null ? null : event.actor().subject());
    columns.put("tenant", event.tenant());
    columns.put("keystore", event.keystore());
    columns.put("kek", detail.kek());
    columns.put("destination", detail.destination());
    columns.put("context_digest", detail.contextDigest());
    columns.put("context_values", RecordColumns.json(detail.contextValues()));
    columns.put("peer", event.peer());
    columns.put("trace_id", event.traceId());
    columns.put("kms_request_id", detail.kmsRequestId());
    columns.put("outcome", event.outcome().name());
    columns.put("reason", event.reason());
    columns.put("refers_to", event.refersTo());
    return new Row(columns);
  }

  private boolean verifies(Row row) {
    try {
      return hash.isOf(RecordColumns.record(row));
    } catch (NotARecordException e) {
      return false;
    }
  }

  @Test
  void everyChange_ofAnyColumn_isFound() {
    int changes = 0;
    for (int round = 0; round < ROUNDS; round++) {
      Row row = row(record());
      assertTrue(verifies(row), () -> "untouched: " + row);
      List<String> names = row.columns.keySet().stream().sorted().toList();
      String column = names.get(random.nextInt(names.size()));
      Object before = row.columns.get(column);
      Object after = changed(column, before);
      if (Objects.deepEquals(before, after)) {
        continue;
      }
      changes++;
      assertFalse(
          verifies(row.with(column, after)),
          () -> "%s: %s became %s".formatted(column, before, after));
    }
    assertTrue(changes > ROUNDS / 2, "only " + changes + " changes");
  }

  private Object changed(String column, Object value) {
    return switch (column) {
      case "chain", "kek" -> random.nextInt(4) == 0 ? null : uuid();
      case "seq", "refers_to" -> {
        long number = value == null ? 0 : (Long) value;
        Long[] others = {number + 1, number - 1, -number, number << 32, Long.MAX_VALUE, null};
        yield others[random.nextInt(others.length)];
      }
      case "time" -> time((Instant) value);
      case "hash", "previous_hash", "context_digest" -> bytes((byte[]) value);
      case "context_values" -> json((String) value);
      default -> text((String) value);
    };
  }

  private Instant time(Instant time) {
    Instant[] others = {
      time.plusNanos(1),
      time.plusNanos(1_000),
      time.minusNanos(1_000),
      time.plusSeconds(1),
      Instant.EPOCH.minusSeconds(1),
      Instant.MAX,
      Instant.MIN,
      null
    };
    return others[random.nextInt(others.length)];
  }

  private byte[] bytes(byte[] bytes) {
    if (bytes == null) {
      return new byte[random.nextInt(2) * 32];
    }
    byte[] flipped = bytes.clone();
    flipped[random.nextInt(flipped.length)] ^= (byte) (1 << random.nextInt(8));
    byte[][] others = {
      flipped,
      Arrays.copyOf(bytes, bytes.length + 1),
      Arrays.copyOf(bytes, bytes.length - 1),
      new byte[0],
      null
    };
    return others[random.nextInt(others.length)];
  }

  private String text(String text) {
    if (text == null) {
      return text();
    }
    List<UnaryOperator<String>> changes =
        List.of(
            it -> it + "x",
            it -> it + " ",
            it -> " " + it,
            it -> it + "\u200b",
            it -> it + "\ufffd",
            it -> it.isEmpty() ? it : it.substring(0, it.length() - 1),
            it -> it.toUpperCase(Locale.ROOT),
            it -> it.toLowerCase(Locale.ROOT),
            it -> Normalizer.normalize(it, Normalizer.Form.NFD),
            it -> it.replace('a', '\u0430'),
            it -> it.repeat(2),
            it -> "",
            it -> null,
            it -> text());
    return changes.get(random.nextInt(changes.size())).apply(text);
  }

  /// What PostgreSQL's `jsonb` can hold, written as it writes it.
  private String json(String json) {
    if (json == null) {
      return List.of("{}", "[]", "null", "\"\"", "0").get(random.nextInt(5));
    }
    List<UnaryOperator<String>> changes =
        List.of(
            it -> it.replaceFirst(":\"(1234|true|null)\"", ":$1"),
            it -> it.replaceFirst(":\"[^\"]*\"", ":{}"),
            it -> it.replaceFirst(":\"([^\"]*)\"", ":[\"$1\"]"),
            it -> it.replaceFirst(":\"([^\"]*)\"", ":null"),
            it -> it.replaceFirst("(vvv)\"", "$1w\""),
            it -> it.replaceFirst("\"\\}$", " \"}"),
            it -> it.replaceFirst("key", "Key"),
            it -> it.replaceFirst("\\}$", ",\"key9\":\"more\"}"),
            it -> "[" + it + "]",
            it -> "{}",
            it -> "null",
            it -> null);
    return changes.get(random.nextInt(changes.size())).apply(json);
  }

  @Test
  void record_readBack_isTheRecord_howeverLongItsTextsAre() {
    ChainedRecord record = record();
    for (String column : List.of("peer", "reason", "trace_id", "kms_request_id", "caller")) {
      String text = "t".repeat(2 * AuditEvent.MAX_TEXT);
      AuditEvent event =
          RecordColumns.record(
                  row(record).with("caller_kind", "JWT").with("caller", "").with(column, text))
              .event();
      assertTrue(
          List.of(
                  String.valueOf(event.peer()),
                  String.valueOf(event.reason()),
                  String.valueOf(event.traceId()),
                  String.valueOf(event.detail().kmsRequestId()),
                  event.actor() == null ? "" : event.actor().subject())
              .contains(text),
          column);
    }
    assertArrayEquals(record.hash(), RecordColumns.record(row(record)).hash());
    assertEquals(record.sequence(), RecordColumns.record(row(record)).sequence());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":1234}",
        "{\"a\":true}",
        "{\"a\":null}",
        "{\"a\":{}}",
        "{\"a\":\"1\",\"a\":\"1\"}",
        "{\"a\":\"1\"} {}",
        "{}",
        "[]",
        "null",
        "\"a\"",
        "1",
        "",
        "{"
      })
  void contextValues_thatNoBrokerWrites_areRefused(String json) {
    assertThrows(NotARecordException.class, () -> RecordColumns.pairs(json));
  }
}
