package dev.keybroker.kms;

import io.smallrye.mutiny.Uni;
import java.time.Duration;

/// The free times of [QuotaLine]s. Thread-safe.
public interface QuotaLines {
  /// Takes one call out of a line.
  ///
  /// @return zero where it was taken; otherwise nothing was, and this is the time until it can be
  Uni<Duration> take(QuotaLine line);
}
