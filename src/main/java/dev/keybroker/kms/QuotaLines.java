package dev.keybroker.kms;

import io.smallrye.mutiny.Uni;
import java.time.Duration;

/// The free times of [QuotaLine]s. Thread-safe.
public interface QuotaLines {
  /// Takes one call out of a line.
  ///
  /// @return zero if the call was taken; otherwise the time until it can be, and nothing was taken
  Uni<Duration> take(QuotaLine line);
}
