package dev.keybroker.audit;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The unwraps and rewraps that root keys have refused since their KEKs last opened something.
///
/// @param first when the first was refused; null if there is none
/// @param last when the last was refused; null if there is none
public record RefusedUnwraps(long count, @Nullable Instant first, @Nullable Instant last) {
  public static final RefusedUnwraps NONE = new RefusedUnwraps(0, null, null);
}
