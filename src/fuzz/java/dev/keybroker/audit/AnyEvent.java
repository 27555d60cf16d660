package dev.keybroker.audit;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import dev.keybroker.access.Caller;
import dev.keybroker.access.Target;
import dev.keybroker.crypto.EncryptionContext;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Makes events of whatever an input says.
final class AnyEvent {
  private static final int LONGEST_TEXT = 2 * AuditEvent.MAX_TEXT;
  private static final long LATEST_SECOND = 253_402_300_799L;

  private AnyEvent() {}

  /// A record at any place of a chain.
  static ChainedRecord record(FuzzedDataProvider data) {
    UUID chain = new UUID(data.consumeLong(), data.consumeLong());
    ChainHead head =
        new ChainHead(
            data.consumeLong(0, Long.MAX_VALUE - 1),
            new byte[data.consumeBoolean() ? RecordHash.SIZE : 0]);
    return RecordHash.of(null).next(chain, head, event(data));
  }

  private static AuditEvent event(FuzzedDataProvider data) {
    Instant time =
        Instant.ofEpochSecond(data.consumeLong(0, LATEST_SECOND), data.consumeInt(0, 999_999_999));
    Caller caller = new Caller(data.pickValue(Caller.Kind.values()), text(data));
    AuditEvent event =
        AuditEvent.of(
            time,
            "UnwrapDek",
            caller,
            new Target("acme", data.consumeBoolean() ? "calls" : null),
            facts(data),
            text(data),
            nullable(data),
            data.pickValue(Outcome.values()),
            nullable(data));
    return data.consumeBoolean() ? event.withheld(time, data.consumeLong(), text(data)) : event;
  }

  private static CallFacts facts(FuzzedDataProvider data) {
    Map<String, String> pairs = new LinkedHashMap<>();
    int most = data.consumeInt(0, 3);
    while (pairs.size() < most && data.remainingBytes() > 0) {
      pairs.put(text(data), text(data));
    }
    List<String> loggable = new ArrayList<>(pairs.keySet());
    CallFacts facts = CallFacts.of(loggable);
    if (data.consumeBoolean()) {
      facts.kek(new UUID(data.consumeLong(), data.consumeLong()));
    }
    if (data.consumeBoolean()) {
      facts.destination("tenants/acme/keystores/calls-2");
    }
    facts.context(EncryptionContext.of(Map.of()), pairs::get);
    facts.kmsRequestId(nullable(data));
    return facts;
  }

  private static @Nullable String nullable(FuzzedDataProvider data) {
    return data.consumeBoolean() ? text(data) : null;
  }

  private static String text(FuzzedDataProvider data) {
    return data.consumeString(LONGEST_TEXT);
  }
}
