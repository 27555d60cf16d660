package dev.keybroker.console;

import dev.keybroker.v1.AuditEvent;
import java.util.HexFormat;

/// An audit event.
///
/// @param caller the identity, without its kind
/// @param contextSha256 the digest of the encryption context, 64 hex digits; empty if there is none
/// @param record the whole event as JSON, without the values of the encryption context
record EventView(
    Moment time,
    String rpc,
    String caller,
    String keystore,
    String outcome,
    String reason,
    String contextSha256,
    String record) {
  static EventView of(AuditEvent event) {
    return new EventView(
        Moment.of(event.getTime()),
        event.getRpc(),
        event.getCaller(),
        event.getKeystore(),
        event.getOutcome().name().replace("AUDIT_OUTCOME_", ""),
        event.getReason(),
        HexFormat.of().formatHex(event.getEncryptionContextSha256().toByteArray()),
        ApiCall.indented(HiddenValues.of(event)));
  }
}
