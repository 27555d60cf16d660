package dev.keybroker.audit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keybroker.access.Caller;
import dev.keybroker.access.Target;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JsonLinesTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final UUID CHAIN = UUID.fromString("00000000-0000-0000-0000-000000000001");

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  private static ChainedRecord record() {
    Map<String, String> context = Map.of("recording-id", "r-1\n\"", "agent", "Ada");
    CallFacts facts = CallFacts.of(List.of("recording-id"));
    facts.context(EncryptionContext.of(context), context::get);
    facts.kmsRequestId("kms-1");
    AuditEvent event =
        AuditEvent.of(
            Instant.parse("2026-11-22T12:00:00Z"),
            "UnwrapDek",
            new Caller(Caller.Kind.SPIFFE, "spiffe://example.org/export"),
            new Target("acme", "calls"),
            facts,
            "10.0.0.1:4711",
            "trace-1",
            Outcome.REFUSED,
            "KEK_DISABLED");
    return RecordHash.of(null).next(CHAIN, ChainHead.START, event);
  }

  @Test
  void file_isAppendedToWithOneLineForEachRecord(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("audit.jsonl");
    Files.writeString(file, "{\"eventName\":\"Before\"}\n");
    ChainedRecord record = record();
    AuditStream stream = JsonLines.of("file:" + file, registry);
    stream.committed(List.of(record, record));
    stream.lost(record.event());
    stream.checkpoint(CHAIN, new ChainHead(1, record.hash()), Instant.EPOCH);
    stream.close();

    List<String> lines = Files.readAllLines(file, UTF_8);
    assertEquals(5, lines.size());
    JsonNode json = JSON.readTree(lines.get(1));
    assertEquals("2026-11-22T12:00:00Z", json.get("eventTime").textValue());
    assertEquals("UnwrapDek", json.get("eventName").textValue());
    assertEquals("SPIFFE", json.at("/userIdentity/type").textValue());
    assertEquals("spiffe://example.org/export", json.at("/userIdentity/principalId").textValue());
    assertEquals("10.0.0.1:4711", json.get("sourceIPAddress").textValue());
    assertEquals("acme", json.get("recipientAccountId").textValue());
    assertEquals("calls", json.at("/requestParameters/keystore").textValue());
    assertEquals(
        "r-1\n\"", json.at("/requestParameters/encryptionContext/recording-id").textValue());
    assertFalse(lines.get(1).contains("Ada"), "only loggable values");
    assertEquals("REFUSED", json.get("outcome").textValue());
    assertEquals("KEK_DISABLED", json.get("errorCode").textValue());
    assertEquals("trace-1", json.get("requestID").textValue());
    assertEquals("kms-1", json.get("kmsRequestID").textValue());
    assertEquals(HexFormat.of().formatHex(record.hash()), json.at("/chain/hash").textValue());
    assertTrue(JSON.readTree(lines.get(3)).path("chain").isMissingNode());
    assertTrue(
        JSON.readTree(lines.get(4))
            .get("message")
            .textValue()
            .startsWith("audit checkpoint chain="),
        lines.get(4));
  }

  /// The file is good for `audit-verify --checkpoints`: what callers write must not be one.
  @Test
  void record_holdsNoCheckpoint_whateverItsCallerWrites() throws IOException {
    ChainHead head = new ChainHead(7, new byte[32]);
    String forged = "audit checkpoint chain=" + CHAIN + " " + head;
    Map<String, String> context = Map.of("recording-id", forged);
    CallFacts facts = CallFacts.of(List.of("recording-id"));
    facts.context(EncryptionContext.of(context), context::get);
    AuditEvent event =
        AuditEvent.of(
            Instant.EPOCH,
            "UnwrapDek",
            new Caller(Caller.Kind.JWT, forged),
            new Target("acme", "calls"),
            facts,
            "10.0.0.1:4711",
            null,
            Outcome.GRANTED,
            null);
    ChainedRecord record = RecordHash.of(null).next(CHAIN, ChainHead.START, event);

    for (String line : List.of(AuditJson.record(record), AuditJson.lost(event))) {
      CheckpointLines checkpoints = new CheckpointLines();
      checkpoints.read(line);
      assertTrue(checkpoints.chains().isEmpty(), line);
      assertEquals(
          forged,
          JSON.readTree(line).at("/requestParameters/encryptionContext/recording-id").textValue());
    }
    CheckpointLines checkpoints = new CheckpointLines();
    checkpoints.read(AuditJson.checkpoint(CHAIN, head, Instant.EPOCH));
    assertArrayEquals(head.hash(), checkpoints.hashes(CHAIN).get(7L));
  }

  @Test
  void slowReader_losesLinesAndBlocksNobody() throws InterruptedException {
    CountDownLatch read = new CountDownLatch(1);
    JsonLines stream =
        new JsonLines(
            new OutputStream() {
              @Override
              public void write(int b) throws IOException {
                try {
                  read.await();
                } catch (InterruptedException e) {
                  throw new IOException(e);
                }
              }
            },
            registry);
    ChainedRecord record = record();
    for (int i = 0; i < 30_000; i++) {
      stream.committed(List.of(record));
    }
    assertTrue(registry.counter(Metrics.AUDIT_STREAM_LOST).count() > 5_000);
    read.countDown();
    stream.close();
  }

  @Test
  void targets_thatAreNone_areRefused() {
    assertSame(AuditStream.NONE, JsonLines.of("off", registry));
    assertThrows(IllegalArgumentException.class, () -> JsonLines.of("kafka", registry));
    assertThrows(
        java.io.UncheckedIOException.class, () -> JsonLines.of("file:/no/such/folder/f", registry));
  }

  /// A full disk that is emptied again.
  @Test
  void stream_thatFails_losesLinesAndGoesOnWhenItCanBeWrittenAgain() {
    AtomicBoolean full = new AtomicBoolean(true);
    ByteArrayOutputStream disk = new ByteArrayOutputStream();
    OutputStream out =
        new OutputStream() {
          @Override
          public void write(int b) throws IOException {
            if (full.get()) {
              throw new IOException("No space left on device");
            }
            disk.write(b);
          }
        };
    JsonLines stream = new JsonLines(out, registry);
    stream.committed(List.of(record()));
    Eventually.holds(() -> assertEquals(1, registry.counter(Metrics.AUDIT_STREAM_LOST).count()));
    full.set(false);
    stream.committed(List.of(record(), record()));
    stream.close();

    assertEquals(
        2, disk.toString(UTF_8).lines().filter(line -> line.contains("UnwrapDek")).count());
    assertEquals(1, registry.counter(Metrics.AUDIT_STREAM_LOST).count());
  }
}
