package dev.keybroker.console;

import dev.keybroker.v1.AuditEvent;
import dev.keybroker.v1.ListAuditEventsRequest;
import java.util.Map;
import java.util.stream.Collectors;

/// Messages without the values of encryption contexts, which no page shows. The keys stay.
final class HiddenValues {
  private static final String HIDDEN = "\u2026";

  private HiddenValues() {}

  static AuditEvent of(AuditEvent event) {
    return event.toBuilder()
        .putAllEncryptionContext(hidden(event.getEncryptionContextMap()))
        .build();
  }

  static ListAuditEventsRequest of(ListAuditEventsRequest request) {
    return request.toBuilder()
        .putAllEncryptionContext(hidden(request.getEncryptionContextMap()))
        .build();
  }

  private static Map<String, String> hidden(Map<String, String> pairs) {
    return pairs.keySet().stream().collect(Collectors.toMap(key -> key, key -> HIDDEN));
  }
}
