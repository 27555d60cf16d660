package dev.keybroker.audit;

import dev.keybroker.access.Caller;
import io.smallrye.mutiny.Uni;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Searches the records of an [AuditStore] for results of a verification.
public interface VerificationRecords {
  /// Returns the last record of a [Verification] since a time; null if there is none. Never delays
  /// other uses of the store. Fails with an [AuditFailure], as [AuditStore#list] does.
  Uni<@Nullable ChainedRecord> lastVerification(Caller reader, Instant from);
}
