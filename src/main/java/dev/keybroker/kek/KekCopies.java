package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import java.util.UUID;

/// A second place that holds KEKs' records with their encrypted private keys.
public interface KekCopies {
  /// Copies a KEK's record before the KEK is announced. Best effort: a failure is logged and
  /// counted, and the Uni never fails.
  Uni<Void> copy(UUID kek);
}
