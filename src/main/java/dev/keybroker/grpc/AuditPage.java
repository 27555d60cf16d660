package dev.keybroker.grpc;

import dev.keybroker.audit.AuditCursor;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A page in a list of audit events.
///
/// @param from the earliest time that the list covers, the same on every page
/// @param before the last event of the previous page; null on the first page
record AuditPage(Instant from, @Nullable AuditCursor before) {
  static AuditPage first(Instant from) {
    return new AuditPage(from, null);
  }
}
