package dev.keybroker.audit;

import dev.keybroker.access.Caller;
import io.smallrye.mutiny.Uni;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The store of chained records. Every Uni fails with the failure of the store. The operation may
/// then have happened or not, or may still happen later.
public interface AuditStore {
  /// Starts a chain. A repeated call has no effect.
  ///
  /// @param keyId the id of the MAC key of its hashes; null for SHA-256 without a key
  Uni<Void> open(UUID chain, @Nullable String keyId, Instant time);

  /// Commits all records if the last record of their chain is still this one; otherwise none.
  ///
  /// If a failed call takes effect late, its records therefore either are the chain's next ones, or
  /// are not committed.
  ///
  /// Fails with [AppendRejected] if the log answered that it committed nothing, or was not asked.
  /// After any other failure, it is unknown whether the records were, or will be, committed.
  ///
  /// @param records at least one, all of one chain, each directly after the previous one
  /// @return false if the chain ends elsewhere; nothing was committed then
  Uni<Boolean> append(ChainHead last, List<ChainedRecord> records);

  /// Returns the last record of a chain; null if there is no such chain.
  Uni<@Nullable ChainHead> head(UUID chain);

  /// Stores a checkpoint: the head of a chain at a time.
  Uni<Void> checkpoint(UUID chain, ChainHead head, Instant time);

  /// Returns records of one tenant, newest first. Never delays other uses of the store. Fails with
  /// an [AuditFailure]: [AuditFailure.Busy] while this reader's previous query is running.
  /// Cancelling also stops the query in the store.
  Uni<List<ChainedRecord>> list(
      Caller reader, AuditQuery query, @Nullable AuditCursor before, int limit);

  /// Abandons operations that wait for an answer that may never arrive, so that they do not affect
  /// the next call.
  void abandon();
}
