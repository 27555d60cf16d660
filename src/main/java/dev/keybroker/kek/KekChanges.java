package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;

/// Tells every broker of a committed change, this one included.
///
/// Delivery is at most once and best effort; a change that is missed is seen when the records'
/// freshness ends. The Uni therefore never fails.
public interface KekChanges {
  Uni<Void> publish(KekChange change);
}
