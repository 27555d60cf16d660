package dev.keybroker.audit.postgres;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keybroker.audit.AuditEvent;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.Outcome;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.Tuple;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Records as columns of `audit_record`, one array for each, and back from its rows.
final class RecordColumns {
  /// All but the chain, in the order of [#add].
  static final String NAMES =
      """
      seq, time, previous_hash, hash, action, caller_kind, caller, tenant, keystore, kek,
      destination, context_digest, context_values, peer, trace_id, kms_request_id, outcome, reason,
      refers_to\
      """;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final TypeReference<Map<String, String>> PAIRS = new TypeReference<>() {};

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

  /// A column's value; null is null there too, though the client's types do not say so.
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

  /// A JSON object of texts; null where there is none.
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

  static Map<String, String> pairs(@Nullable String json) {
    if (json == null) {
      return Map.of();
    }
    try {
      return JSON.readValue(json, PAIRS);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("column context_values is not a JSON object of texts", e);
    }
  }

  /// @param row of the columns `chain`, [#NAMES], with `context_values` as text
  static ChainedRecord record(Row row) {
    String callerKind = row.getString("caller_kind");
    return new ChainedRecord(
        row.getUUID("chain"),
        row.getLong("seq"),
        row.getBuffer("previous_hash").getBytes(),
        new AuditEvent(
            row.getOffsetDateTime("time").toInstant(),
            row.getString("action"),
            callerKind == null
                ? null
                : new AuditEvent.Actor(
                    callerKind, Objects.requireNonNullElse(row.getString("caller"), "")),
            row.getString("tenant"),
            row.getString("keystore"),
            new AuditEvent.Detail(
                row.getUUID("kek"),
                row.getString("destination"),
                bytes(row.getBuffer("context_digest")),
                pairs(row.getString("context_values")),
                row.getString("kms_request_id")),
            row.getString("peer"),
            row.getString("trace_id"),
            Outcome.valueOf(row.getString("outcome")),
            row.getString("reason"),
            row.getLong("refers_to")),
        row.getBuffer("hash").getBytes());
  }

  private static byte @Nullable [] bytes(@Nullable Buffer buffer) {
    return buffer == null ? null : buffer.getBytes();
  }
}
