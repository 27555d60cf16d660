package dev.keybroker.audit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.access.Caller;
import dev.keybroker.access.Target;
import dev.keybroker.crypto.EncryptionContext;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RecordHashTest {
  private static final UUID CHAIN = UUID.fromString("6a2f41a3-c54c-fce8-32d2-0324e1c32e22");
  private static final Instant TIME = Instant.parse("2026-11-22T12:00:00.123456789Z");

  private static AuditEvent event(Map<String, String> context) {
    CallFacts facts = CallFacts.of(List.of("recording-id", "\uD83C\uDF99", "\uFF5E"));
    facts.kek(UUID.fromString("00112233-4455-6677-8899-aabbccddeeff"));
    facts.context(EncryptionContext.of(context), context::get);
    facts.kmsRequestId("kms-1");
    return AuditEvent.of(
        TIME,
        "UnwrapDek",
        new Caller(Caller.Kind.SPIFFE, "spiffe://example.org/export"),
        new Target("acme", "calls"),
        facts,
        "10.0.0.1:4711",
        null,
        Outcome.GRANTED,
        null);
  }

  private static byte[] hash(AuditEvent event) {
    return RecordHash.of(null).next(CHAIN, ChainHead.START, event).hash();
  }

  /// As `src/docs/audit.md` says it, written down once more by other means.
  @Test
  void hash_isSha256OfTheDocumentedEncoding() throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeByte(1);
    out.write(HexFormat.of().parseHex("6a2f41a3c54cfce832d20324e1c32e22"));
    out.writeLong(1);
    out.writeInt(32);
    out.write(new byte[32]);
    out.writeLong(TIME.getEpochSecond() * 1_000_000 + 123_456);
    text(out, "UnwrapDek");
    text(out, "SPIFFE");
    text(out, "spiffe://example.org/export");
    text(out, "acme");
    text(out, "calls");
    text(out, "00112233-4455-6677-8899-aabbccddeeff");
    text(out, null);
    out.writeInt(32);
    Map<String, String> context = new LinkedHashMap<>();
    context.put("\uD83C\uDF99", "last in UTF-8");
    context.put("\uFF5E", "second");
    context.put("recording-id", "r-1");
    context.put("agent", "Ada");
    out.write(EncryptionContext.of(context).digest());
    out.writeInt(3);
    for (String key : List.of("recording-id", "\uFF5E", "\uD83C\uDF99")) {
      text(out, key);
      text(out, context.get(key));
    }
    text(out, "10.0.0.1:4711");
    text(out, null);
    text(out, "kms-1");
    text(out, "GRANTED");
    text(out, null);
    out.writeLong(0);

    assertArrayEquals(
        MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray()), hash(event(context)));
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    if (text == null) {
      out.writeInt(-1);
      return;
    }
    byte[] utf8 = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    out.writeInt(utf8.length);
    out.write(utf8);
  }

  @Test
  void everyField_changesTheHash() {
    AuditEvent base = event(Map.of("recording-id", "r-1"));
    AuditEvent.Detail detail = base.detail();
    List<AuditEvent> changed = new ArrayList<>();
    changed.add(base);
    changed.add(copy(base, TIME.plusMillis(1), "RewrapDek", base.actor(), detail, "10.0.0.1:4711"));
    changed.add(copy(base, TIME, "RewrapDek", base.actor(), detail, "10.0.0.1:4711"));
    changed.add(
        copy(base, TIME, "UnwrapDek", new AuditEvent.Actor("JWT", "x"), detail, "10.0.0.1:4711"));
    changed.add(copy(base, TIME, "UnwrapDek", null, detail, "10.0.0.1:4711"));
    changed.add(copy(base, TIME, "UnwrapDek", base.actor(), AuditEvent.Detail.NONE, "x"));
    changed.add(copy(base, TIME, "UnwrapDek", base.actor(), detail, null));
    changed.add(copy(base, TIME, "UnwrapDek", base.actor(), detail, ""));
    changed.add(base.failed("CANCELLED"));
    changed.add(base.withheld(TIME, 7, "CANCELLED"));
    changed.add(base.withheld(TIME, 8, "CANCELLED"));
    Set<String> hashes = new TreeSet<>();
    changed.forEach(event -> hashes.add(HexFormat.of().formatHex(hash(event))));

    assertEquals(changed.size(), hashes.size());
  }

  private static AuditEvent copy(
      AuditEvent of,
      Instant time,
      String action,
      AuditEvent.Actor actor,
      AuditEvent.Detail detail,
      String peer) {
    return new AuditEvent(
        time,
        action,
        actor,
        of.tenant(),
        of.keystore(),
        detail,
        peer,
        of.traceId(),
        of.outcome(),
        of.reason(),
        of.refersTo());
  }

  @Test
  void texts_thatCannotBeStored_areCleanedAndCut() {
    AuditEvent event =
        AuditEvent.of(
            TIME,
            "UnwrapDek",
            Caller.ANONYMOUS,
            new Target("acme", null),
            CallFacts.of(List.of()),
            "a\u0000b\uD83Cc\uD83C\uDF99" + "d".repeat(1_000),
            null,
            Outcome.GRANTED,
            null);

    assertTrue(event.peer().startsWith("a\uFFFDb\uFFFDc\uD83C\uDF99dd"), event.peer());
    assertTrue(event.peer().length() <= AuditEvent.MAX_TEXT);
  }
}
