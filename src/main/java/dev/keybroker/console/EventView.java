package dev.keybroker.console;

import dev.keybroker.v1.AuditEvent;

/// An audit event.
///
/// @param caller the identity, without its kind
/// @param record the whole event as JSON
record EventView(
    Moment time,
    String rpc,
    String caller,
    String keystore,
    String outcome,
    String reason,
    String record) {
  static EventView of(AuditEvent event) {
    return new EventView(
        Moment.of(event.getTime()),
        event.getRpc(),
        event.getCaller(),
        event.getKeystore(),
        event.getOutcome().name().replace("AUDIT_OUTCOME_", ""),
        event.getReason(),
        ApiCall.indented(event));
  }
}
