package dev.keybroker.audit;

import io.smallrye.mutiny.Uni;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.UUID;

/// Searches the records of an [AuditStore] by KEK. Never delays other uses of the store. Fails with
/// an [AuditFailure].
public interface UseRecords {
  /// Counts, for each KEK, the granted calls of these actions since a time. KEKs without any are
  /// left out.
  Uni<Map<UUID, Long>> count(String tenant, Set<UUID> keks, Set<String> actions, Instant from);

  /// Returns, for each KEK, the time of the last granted call of these actions since a time. KEKs
  /// without any are left out.
  Uni<Map<UUID, Instant>> last(String tenant, Set<UUID> keks, Set<String> actions, Instant from);

  /// Returns the calls of these actions since a time that the root keys of these KEKs refused, each
  /// later than the last granted one under its KEK.
  Uni<RefusedUnwraps> refused(String tenant, Set<UUID> keks, Set<String> actions, Instant from);
}
