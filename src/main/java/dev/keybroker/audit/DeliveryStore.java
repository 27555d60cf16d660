package dev.keybroker.audit;

import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/// The store of how much of each chain was delivered, shared by all brokers. Every Uni fails with
/// the failure of the store.
public interface DeliveryStore {
  /// Claims chains with records that are not delivered. Until the lease ends, no other broker
  /// claims them. Chains with the newest records come first.
  Uni<List<DeliveryCursor>> claim(UUID broker, int limit, Duration lease);

  /// Returns the next records of a chain: consecutive ones, in order. If the first does not follow
  /// the cursor, the records in between no longer exist. Empty if there are none up to the head.
  Uni<List<ChainedRecord>> next(DeliveryCursor cursor, int limit);

  /// Moves the cursor and renews the lease.
  ///
  /// @param sequence the last record that was delivered
  /// @param time its time
  /// @return false if another broker has claimed the chain, or the cursor is elsewhere
  Uni<Boolean> advance(
      UUID broker, DeliveryCursor from, long sequence, Instant time, Duration lease);

  /// Ends all leases of a broker.
  Uni<Void> release(UUID broker);

  /// Returns the number of records that are not delivered.
  Uni<Long> backlog();
}
