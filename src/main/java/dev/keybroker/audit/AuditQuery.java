package dev.keybroker.audit;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Which records of a tenant to list; what is null filters nothing.
///
/// @param from the earliest time, inclusive
/// @param until the latest time, exclusive
/// @param caller a caller's subject
/// @param contextKey a loggable key of the encryption context; with its value
public record AuditQuery(
    String tenant,
    @Nullable Instant from,
    @Nullable Instant until,
    @Nullable String keystore,
    @Nullable String caller,
    @Nullable Outcome outcome,
    @Nullable String contextKey,
    @Nullable String contextValue) {
  /// Texts as records hold them.
  public AuditQuery {
    caller = caller == null ? null : AuditEvent.text(caller, AuditEvent.MAX_TEXT);
    contextKey = contextKey == null ? null : AuditEvent.text(contextKey, AuditEvent.MAX_TEXT);
    contextValue =
        contextValue == null ? null : AuditEvent.text(contextValue, AuditEvent.MAX_CONTEXT_VALUE);
  }
}
