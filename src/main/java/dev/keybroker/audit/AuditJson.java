package dev.keybroker.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Formats records as lines of JSON, with the field names of AWS CloudTrail where it has an
/// equivalent (see `src/docs/audit.md`).
final class AuditJson {
  /// The start of a checkpoint. No line of a record contains it, whatever the record's content, so
  /// that a text search cannot mistake a caller's text for a checkpoint.
  static final String CHECKPOINT = "audit checkpoint";

  private static final String CHECKPOINT_IN_RECORDS = "\\u0061udit checkpoint";
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final HexFormat HEX = HexFormat.of();
  private static final String EVENT_VERSION = "1.0";

  /// The `eventSource` of every line.
  static final String EVENT_SOURCE = "keybroker.dev";

  /// The `eventName` of checkpoints. No record has it, because the name of a record is an action.
  static final String CHECKPOINT_EVENT = "AuditCheckpoint";

  private AuditJson() {}

  static String record(ChainedRecord record) {
    ObjectNode json = event(record.event());
    json.put("eventID", record.chain() + "/" + record.sequence());
    ObjectNode chain = json.putObject("chain");
    chain.put("id", record.chain().toString());
    chain.put("sequenceNumber", record.sequence());
    chain.put("previousHash", HEX.formatHex(record.previousHash()));
    chain.put("hash", HEX.formatHex(record.hash()));
    return withoutCheckpoint(text(json));
  }

  /// Formats an event that is in no chain, without `eventID` and `chain`.
  static String lost(AuditEvent event) {
    return withoutCheckpoint(text(event(event)));
  }

  static String checkpoint(UUID chain, ChainHead head, Instant time) {
    ObjectNode json = JSON.createObjectNode();
    json.put("eventVersion", EVENT_VERSION);
    json.put("eventTime", time.truncatedTo(ChronoUnit.MICROS).toString());
    json.put("eventSource", EVENT_SOURCE);
    json.put("eventName", CHECKPOINT_EVENT);
    json.put("message", CheckpointLines.message(chain, head, time));
    return text(json);
  }

  /// Returns equivalent JSON that does not contain [#CHECKPOINT].
  private static String withoutCheckpoint(String json) {
    return json.replace(CHECKPOINT, CHECKPOINT_IN_RECORDS);
  }

  private static ObjectNode event(AuditEvent event) {
    ObjectNode json = JSON.createObjectNode();
    json.put("eventVersion", EVENT_VERSION);
    json.put("eventTime", event.time().toString());
    json.put("eventSource", EVENT_SOURCE);
    json.put("eventName", event.action());
    ObjectNode identity = json.putObject("userIdentity");
    AuditEvent.Actor actor = event.actor();
    identity.put("type", actor == null ? "BROKER" : actor.kind());
    put(identity, "principalId", actor == null ? null : actor.subject());
    put(json, "sourceIPAddress", event.peer());
    put(json, "recipientAccountId", event.tenant());
    request(json.putObject("requestParameters"), event);
    json.put("outcome", event.outcome().name());
    put(json, "errorCode", event.reason());
    put(json, "requestID", event.traceId());
    put(json, "kmsRequestID", event.detail().kmsRequestId());
    if (event.refersTo() != 0) {
      json.put(
          event.outcome() == Outcome.WITHHELD ? "correctedSequenceNumber" : "intentSequenceNumber",
          event.refersTo());
    }
    return json;
  }

  private static void request(ObjectNode parameters, AuditEvent event) {
    AuditEvent.Detail detail = event.detail();
    put(parameters, "keystore", event.keystore());
    put(parameters, "kekId", detail.kek() == null ? null : detail.kek().toString());
    put(parameters, "destination", detail.destination());
    put(
        parameters,
        "encryptionContextSha256",
        detail.contextDigest() == null ? null : HEX.formatHex(detail.contextDigest()));
    if (!detail.contextValues().isEmpty()) {
      ObjectNode context = parameters.putObject("encryptionContext");
      detail.contextValues().forEach(context::put);
    }
  }

  private static void put(ObjectNode json, String name, @Nullable String value) {
    if (value != null) {
      json.put(name, value);
    }
  }

  private static String text(ObjectNode json) {
    try {
      return JSON.writeValueAsString(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
