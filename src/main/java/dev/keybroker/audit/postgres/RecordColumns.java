package dev.keybroker.audit.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.keybroker.audit.AuditEvent;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.Outcome;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Converts records to columns of `audit_record`, one array for each, and rows back to records.
final class RecordColumns {
  /// All columns except the chain, in the order of [#add].
  static final String NAMES =
      """
      seq, time, previous_hash, hash, action, caller_kind, caller, tenant, keystore, kek,
      destination, context_digest, context_values, peer, trace_id, kms_request_id, outcome, reason,
      refers_to\
      """;

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private static final Instant EARLIEST = Instant.EPOCH;
  private static final Instant LATEST = Instant.parse("9999-12-31T23:59:59.999999Z");

  private RecordColumns() {}

  /// Adds an array for each column.
  static void add(Tuple tuple, List<ChainedRecord> records) {
    tuple
        .addArrayOfLong(array(records, ChainedRecord::sequence, new Long[records.size()]))
        .addArrayOfOffsetDateTime(
            array(records, it -> time(it.event().time()), new OffsetDateTime[records.size()]))
        .addArrayOfBuffer(
            array(records, it -> Buffer.buffer(it.previousHash()), new Buffer[records.size()]))
        .addArrayOfBuffer(
            array(records, it -> Buffer.buffer(it.hash()), new Buffer[records.size()]));
    addTexts(tuple, records, AuditEvent::action);
    addTexts(tuple, records, it -> it.actor() == null ? null : it.actor().kind());
    addTexts(tuple, records, it -> it.actor() == null ? null : it.actor().subject());
    addTexts(tuple, records, AuditEvent::tenant);
    addTexts(tuple, records, AuditEvent::keystore);
    tuple.addArrayOfUUID(array(records, it -> it.event().detail().kek(), new UUID[records.size()]));
    addTexts(tuple, records, it -> it.detail().destination());
    tuple.addArrayOfBuffer(
        array(
            records,
            it -> buffer(it.event().detail().contextDigest()),
            new Buffer[records.size()]));
    addTexts(tuple, records, it -> json(it.detail().contextValues()));
    addTexts(tuple, records, AuditEvent::peer);
    addTexts(tuple, records, AuditEvent::traceId);
    addTexts(tuple, records, it -> it.detail().kmsRequestId());
    addTexts(tuple, records, it -> it.outcome().name());
    addTexts(tuple, records, AuditEvent::reason);
    tuple.addArrayOfLong(array(records, it -> it.event().refersTo(), new Long[records.size()]));
  }

  private static void addTexts(
      Tuple tuple, List<ChainedRecord> records, Function<AuditEvent, @Nullable String> text) {
    tuple.addArrayOfString(
        array(records, it -> text.apply(it.event()), new String[records.size()]));
  }

  /// Returns a column's value. Null stays null, although the client's types do not declare it.
  private interface Column<T> {
    @Nullable T of(ChainedRecord record);
  }

  @SuppressWarnings("NullAway") // elements may be null
  private static <T> T[] array(List<ChainedRecord> records, Column<T> column, T[] values) {
    for (int i = 0; i < values.length; i++) {
      values[i] = column.of(records.get(i));
    }
    return values;
  }

  static OffsetDateTime time(Instant time) {
    return time.atOffset(ZoneOffset.UTC);
  }

  private static @Nullable Buffer buffer(byte @Nullable [] bytes) {
    return bytes == null ? null : Buffer.buffer(bytes);
  }

  /// Parses a JSON object of texts; null if there is none.
  static @Nullable String json(Map<String, String> pairs) {
    if (pairs.isEmpty()) {
      return null;
    }
    try {
      return JSON.writeValueAsString(pairs);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Strict: refuses everything that a broker would write differently or not at all, because the
  /// hash could not distinguish it from what a broker writes.
  static Map<String, String> pairs(@Nullable String json) {
    if (json == null) {
      return Map.of();
    }
    JsonNode object;
    try {
      object = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      // Without the text, which is an encryption context.
      throw new NotARecordException("context_values is not JSON");
    }
    if (!object.isObject() || object.isEmpty()) {
      throw new NotARecordException("context_values is not a JSON object with pairs");
    }
    Map<String, String> pairs = new TreeMap<>();
    for (Map.Entry<String, JsonNode> pair : object.properties()) {
      if (!pair.getValue().isTextual()) {
        throw new NotARecordException("a value of context_values is not a text");
      }
      pairs.put(pair.getKey(), pair.getValue().textValue());
    }
    return pairs;
  }

  /// Returns the record of a row with the columns `chain`, [#NAMES], and `context_values` as text.
  /// The record has exactly the content of the row: different rows give different records.
  ///
  /// @throws NotARecordException if a broker never writes such a row
  static <E extends Exception> ChainedRecord record(StoredRow<E> row) throws E {
    return new ChainedRecord(
        present("chain", row.uuid("chain")),
        present("seq", row.number("seq")),
        present("previous_hash", row.bytes("previous_hash")),
        new AuditEvent(
            time(row),
            present("action", row.text("action")),
            actor(row.text("caller_kind"), row.text("caller")),
            row.text("tenant"),
            row.text("keystore"),
            new AuditEvent.Detail(
                row.uuid("kek"),
                row.text("destination"),
                row.bytes("context_digest"),
                pairs(row.text("context_values")),
                row.text("kms_request_id")),
            row.text("peer"),
            row.text("trace_id"),
            outcome(present("outcome", row.text("outcome"))),
            row.text("reason"),
            present("refers_to", row.number("refers_to"))),
        present("hash", row.bytes("hash")));
  }

  private static <T> T present(String column, @Nullable T value) {
    if (value == null) {
      throw new NotARecordException(column + " is null");
    }
    return value;
  }

  /// PostgreSQL can store times that the encoding of the hash cannot represent.
  private static <E extends Exception> Instant time(StoredRow<E> row) throws E {
    Instant time = present("time", row.time("time"));
    if (time.isBefore(EARLIEST)
        || time.isAfter(LATEST)
        || !time.equals(time.truncatedTo(ChronoUnit.MICROS))) {
      throw new NotARecordException("no broker writes such a time");
    }
    return time;
  }

  private static AuditEvent.@Nullable Actor actor(@Nullable String kind, @Nullable String subject) {
    if ((kind == null) != (subject == null)) {
      throw new NotARecordException("one of caller_kind and caller is null");
    }
    return kind == null || subject == null ? null : new AuditEvent.Actor(kind, subject);
  }

  private static Outcome outcome(String name) {
    try {
      return Outcome.valueOf(name);
    } catch (IllegalArgumentException e) {
      throw new NotARecordException("outcome is unknown");
    }
  }
}
