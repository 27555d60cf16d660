package dev.keybroker.grpc;

import dev.keybroker.audit.AuditCursor;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A page of a list of audit events.
///
/// @param from the earliest time that the list looks at, the same on every page
/// @param before the last event of the page before; null on the first page
record AuditPage(Instant from, @Nullable AuditCursor before) {
  static AuditPage first(Instant from) {
    return new AuditPage(from, null);
  }
}
