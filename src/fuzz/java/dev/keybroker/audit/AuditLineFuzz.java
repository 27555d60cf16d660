package dev.keybroker.audit;

import static dev.keybroker.fuzz.Property.holds;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A line of the stream is one line and one JSON object, from which another reader takes the very
/// texts of the record; and no record reads as a checkpoint.
public final class AuditLineFuzz {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private AuditLineFuzz() {}

  public static void fuzzerTestOneInput(FuzzedDataProvider data) throws JsonProcessingException {
    ChainedRecord record = AnyEvent.record(data);
    JsonNode line = read(AuditJson.record(record));
    said(line, record.event());
    holds(
        (record.chain() + "/" + record.sequence()).equals(line.get("eventID").textValue()),
        "another id");
    holds(
        HexFormat.of().formatHex(record.hash()).equals(line.at("/chain/hash").textValue()),
        "another hash");
    JsonNode lost = read(AuditJson.lost(record.event()));
    said(lost, record.event());
    holds(!lost.has("chain") && !lost.has("eventID"), "a place in a chain");
  }

  private static JsonNode read(String line) throws JsonProcessingException {
    holds(line.chars().noneMatch(c -> c < ' '), "more than one line");
    CheckpointLines checkpoints = new CheckpointLines();
    checkpoints.read(line);
    holds(checkpoints.chains().isEmpty(), "a forged checkpoint");
    JsonNode json = JSON.readTree(line);
    holds(json.isObject(), "no object");
    return json;
  }

  private static void said(JsonNode line, AuditEvent event) {
    same(line.at("/userIdentity/principalId"), Objects.requireNonNull(event.actor()).subject());
    same(line.at("/sourceIPAddress"), event.peer());
    same(line.at("/recipientAccountId"), event.tenant());
    same(line.at("/requestParameters/keystore"), event.keystore());
    same(line.at("/outcome"), event.outcome().name());
    same(line.at("/errorCode"), event.reason());
    same(line.at("/requestID"), event.traceId());
    same(line.at("/kmsRequestID"), event.detail().kmsRequestId());
    Map<String, String> pairs = event.detail().contextValues();
    JsonNode context = line.at("/requestParameters/encryptionContext");
    holds(context.size() == pairs.size(), "other pairs");
    pairs.forEach((key, value) -> same(context.path(key), value));
  }

  private static void same(JsonNode found, @Nullable String expected) {
    holds(Objects.equals(found.textValue(), expected), "another text");
  }
}
