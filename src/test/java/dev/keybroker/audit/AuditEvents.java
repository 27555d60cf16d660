package dev.keybroker.audit;

import dev.keybroker.access.Caller;
import dev.keybroker.access.Target;
import java.time.Instant;

/// Events for tests.
final class AuditEvents {
  private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

  private AuditEvents() {}

  static AuditEvent granted(int number) {
    return event(number, Outcome.GRANTED, null);
  }

  static AuditEvent refused(int number) {
    return event(number, Outcome.REFUSED, "PERMISSION_DENIED");
  }

  private static AuditEvent event(int number, Outcome outcome, String reason) {
    return AuditEvent.of(
        NOON.plusMillis(number),
        "UnwrapDek",
        new Caller(Caller.Kind.SPIFFE, "spiffe://example.org/export"),
        new Target("acme", "calls"),
        CallFacts.of(java.util.List.of()),
        "/10.0.0.1:4711",
        "trace-" + number,
        outcome,
        reason);
  }

  static int number(ChainedRecord record) {
    return Integer.parseInt(record.event().traceId().substring("trace-".length()));
  }
}
