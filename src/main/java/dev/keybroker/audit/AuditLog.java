package dev.keybroker.audit;

import dev.keybroker.access.Caller;
import io.smallrye.mutiny.Uni;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Where chained records are kept. Every Uni fails with whatever the store failed with; what had
/// been asked for may then have happened or not, or may happen yet.
public interface AuditLog {
  /// Begins a chain. Again changes nothing.
  ///
  /// @param keyId names the MAC key of its hashes; null for SHA-256 without a key
  Uni<Void> open(UUID chain, @Nullable String keyId, Instant time);

  /// Commits all records, where the last record of their chain is still this one, or none of them.
  ///
  /// Records of a call that failed and comes through late are therefore either the chain's next
  /// ones, or nothing.
  ///
  /// Fails with [AppendRejected] if the log answered that it committed nothing, or was not asked.
  /// Any other failure leaves open whether the records were, or will be, committed.
  ///
  /// @param records at least one, of one chain, each the next after the one before
  /// @return false where the chain ends elsewhere; nothing was committed
  Uni<Boolean> append(ChainHead last, List<ChainedRecord> records);

  /// The last record of a chain; null where there is no such chain.
  Uni<@Nullable ChainHead> head(UUID chain);

  /// Notes how far a chain went at a time.
  Uni<Void> checkpoint(UUID chain, ChainHead head, Instant time);

  /// Records of one tenant, newest first. Never delays what else the broker asks of the store.
  /// Fails with an [AuditFailure]: [AuditFailure.Busy] while this reader's query before is under
  /// way. Cancelling ends the query in the store, too.
  Uni<List<ChainedRecord>> list(
      Caller reader, AuditQuery query, @Nullable AuditCursor before, int limit);

  /// Gives up what waits for an answer that may never come, so that the next call is free of it.
  void abandon();
}
