package dev.keybroker.audit;

import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The records of a tenant to list. A component that is null or empty does not filter.
///
/// @param from the earliest time, inclusive
/// @param until the latest time, exclusive
/// @param caller a caller's subject
/// @param contextDigest the digest of the whole encryption context
/// @param contextValues loggable pairs of the encryption context; a listed record has all of them
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record AuditQuery(
    String tenant,
    Instant from,
    @Nullable Instant until,
    @Nullable String keystore,
    @Nullable String caller,
    @Nullable Outcome outcome,
    byte @Nullable [] contextDigest,
    Map<String, String> contextValues) {
  /// Cuts and cleans texts as records store them.
  public AuditQuery {
    caller = caller == null ? null : AuditEvent.text(caller, AuditEvent.MAX_TEXT);
    contextValues = AuditEvent.Detail.values(contextValues);
  }
}
