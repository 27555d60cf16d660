package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;

/// Announces a committed change to every broker, including this one.
///
/// Delivery is best effort and at most once. If an announcement is lost, brokers see the change in
/// the [ChangeFeed]. The Uni therefore never fails.
public interface KekChanges {
  Uni<Void> publish(KekChange change);
}
