package dev.keybroker.console;

import dev.keybroker.v1.AuditEvent;
import dev.keybroker.v1.ListAuditEventsRequest;

/// Messages without the values of encryption contexts, which no page shows. The keys stay.
final class HiddenValues {
  private static final String HIDDEN = "\u2026";

  private HiddenValues() {}

  static AuditEvent of(AuditEvent event) {
    AuditEvent.Builder shown = event.toBuilder();
    event
        .getEncryptionContextMap()
        .keySet()
        .forEach(key -> shown.putEncryptionContext(key, HIDDEN));
    return shown.build();
  }

  static ListAuditEventsRequest of(ListAuditEventsRequest request) {
    ListAuditEventsRequest.Builder shown = request.toBuilder();
    request
        .getEncryptionContextMap()
        .keySet()
        .forEach(key -> shown.putEncryptionContext(key, HIDDEN));
    return shown.build();
  }
}
