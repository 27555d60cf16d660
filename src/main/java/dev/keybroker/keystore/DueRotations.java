package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.QuotaLine;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;

/// Hands out the rotations that are due, from the database. Fails with
/// [dev.keybroker.kek.KekFailure] (`StoreUnavailable`).
///
/// A due rotation first gets a planned time at the rate of its quota, and starts at that time. So a
/// rotation that waits for its quota does not hold back those of other quotas. A handed-out
/// rotation is leased: no other broker gets it before the lease ends. After a crash, another broker
/// does.
public interface DueRotations {
  /// Hands out up to `limit` rotations that are due now. All times here are by the database's
  /// clock. Rotations without a planned time get one first and are handed out if it is not later
  /// than now.
  ///
  /// @param plan the rate at which the keystore's rotation and others of its quota start
  /// @param delay how long each planned time is postponed
  Uni<Claim> claim(
      int limit,
      Duration lease,
      Function<Keystore, QuotaLine> plan,
      Function<Keystore, Duration> delay);

  /// Plans the next attempt after a failed one, by the number of failures.
  Uni<Void> retry(KeystoreName name, Function<Integer, Duration> backoff);

  /// How many keystores have waited for their change of key for longer than this.
  Uni<Long> overdue(Duration wait);

  /// The rotations that were handed out.
  ///
  /// @param rotations the rotations to make now
  /// @param seen how many due rotations were examined; if as many as the limit, more may be due
  record Claim(List<DueRotation> rotations, int seen) {
    public Claim {
      rotations = List.copyOf(rotations);
    }
  }

  /// A rotation to make.
  ///
  /// @param id the same for each attempt at the same due rotation
  record DueRotation(KeystoreName keystore, String id) {}
}
