package dev.keybroker.audit;

import java.time.Instant;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// What the audit trail says about the use of a KEK.
///
/// @param wraps the wraps on record; empty if they are not recorded or cannot be counted
/// @param unwraps the unwraps and rewraps that opened something; empty likewise
/// @param lastUnwrap the last of those; null if none is on record
public record KekUse(OptionalLong wraps, OptionalLong unwraps, @Nullable Instant lastUnwrap) {
  /// Nothing is known.
  public static final KekUse UNKNOWN = new KekUse(OptionalLong.empty(), OptionalLong.empty(), null);
}
