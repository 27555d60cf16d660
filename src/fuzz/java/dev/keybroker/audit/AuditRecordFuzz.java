package dev.keybroker.audit;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Whatever callers send, PostgreSQL can hold the record: no NUL, no half of a surrogate pair, no
/// text too long. A filter with what the caller sent finds it. Its hash is SHA-256 of the encoding
/// that `src/docs/audit.md` writes down, repeated here.
public final class AuditRecordFuzz {
  private AuditRecordFuzz() {}

  public static void fuzzerTestOneInput(FuzzedDataProvider data)
      throws IOException, GeneralSecurityException {
    String sent = data.consumeString(2 * AuditEvent.MAX_TEXT);
    ChainedRecord record = AnyEvent.record(data);
    AuditEvent event = record.event();
    texts(event).forEach(text -> stored(text, AuditEvent.MAX_TEXT));
    event.detail().contextValues().values().forEach(AuditRecordFuzz::storedValue);
    filter(sent);
    byte[] encoded = encoded(record);
    holds(
        Arrays.equals(record.hash(), MessageDigest.getInstance("SHA-256").digest(encoded)),
        "another encoding than the documented one");
    holds(RecordHash.of(null).isOf(record), "does not verify");
  }

  private static Stream<String> texts(AuditEvent event) {
    AuditEvent.Detail detail = event.detail();
    return Stream.concat(
            Stream.of(
                Objects.requireNonNull(event.actor()).subject(),
                event.peer(),
                event.traceId(),
                event.reason(),
                detail.kmsRequestId()),
            detail.contextValues().keySet().stream())
        .filter(Objects::nonNull);
  }

  private static void storedValue(String value) {
    stored(value, AuditEvent.MAX_CONTEXT_VALUE);
  }

  private static void stored(String text, int max) {
    holds(text.length() <= max, "too long");
    holds(text.indexOf(0) < 0, "a NUL");
    holds(new String(text.getBytes(UTF_8), UTF_8).equals(text), "no Unicode text");
    holds(AuditEvent.text(text, max).equals(text), "changes when it is read back");
  }

  private static void filter(String sent) {
    AuditQuery query =
        new AuditQuery("acme", Instant.EPOCH, null, null, sent, null, null, Map.of(sent, sent));
    CallFacts facts = CallFacts.of(List.of(sent));
    facts.context(dev.keybroker.crypto.EncryptionContext.of(Map.of()), Map.of(sent, sent)::get);
    holds(
        facts.detail().contextValues().equals(query.contextValues()),
        "a filter that does not find it");
    holds(AuditEvent.text(sent, AuditEvent.MAX_TEXT).equals(query.caller()), "another caller");
  }

  private static byte[] encoded(ChainedRecord record) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    AuditEvent event = record.event();
    AuditEvent.Detail detail = event.detail();
    out.writeByte(1);
    out.writeLong(record.chain().getMostSignificantBits());
    out.writeLong(record.chain().getLeastSignificantBits());
    out.writeLong(record.sequence());
    write(out, record.previousHash());
    out.writeLong(event.time().getEpochSecond() * 1_000_000 + event.time().getNano() / 1_000);
    text(out, event.action());
    text(out, Objects.requireNonNull(event.actor()).kind());
    text(out, event.actor().subject());
    text(out, event.tenant());
    text(out, event.keystore());
    text(out, Objects.toString(detail.kek(), null));
    text(out, detail.destination());
    write(out, detail.contextDigest());
    out.writeInt(detail.contextValues().size());
    List<byte[]> keys =
        detail.contextValues().keySet().stream()
            .map(key -> key.getBytes(UTF_8))
            .sorted(Arrays::compareUnsigned)
            .toList();
    for (byte[] key : keys) {
      write(out, key);
      text(out, detail.contextValues().get(new String(key, UTF_8)));
    }
    text(out, event.peer());
    text(out, event.traceId());
    text(out, detail.kmsRequestId());
    text(out, event.outcome().name());
    text(out, event.reason());
    out.writeLong(event.refersTo());
    return bytes.toByteArray();
  }

  private static void text(DataOutputStream out, @Nullable String text) throws IOException {
    write(out, text == null ? null : text.getBytes(UTF_8));
  }

  private static void write(DataOutputStream out, byte @Nullable [] bytes) throws IOException {
    out.writeInt(bytes == null ? -1 : bytes.length);
    if (bytes != null) {
      out.write(bytes);
    }
  }
}
