package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.QuotaLine;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;

/// The rotations that are due, as the database hands them out. Fails with
/// [dev.keybroker.kek.KekFailure] (`StoreUnavailable`).
///
/// A due rotation first gets a time planned at the rate of its quota, and starts when that comes,
/// so that none that waits for its quota keeps those of other quotas back. What
/// is handed out is leased: no other broker gets it before the lease ends, and after a crash
/// another one does.
public interface DueRotations {
  /// Hands out up to `limit` rotations that are due now by the database's clock, as all times are
  /// here; those that have no planned time first get one and are handed out where it is not later
  /// than now.
  ///
  /// @param plan the rate at which the keystore's rotation and others of its quota start
  /// @param delay by how long each planned time is put off
  Uni<Claim> claim(
      int limit,
      Duration lease,
      Function<Keystore, QuotaLine> plan,
      Function<Keystore, Duration> delay);

  /// Plans the next attempt after a failed one, by the number of failures.
  Uni<Void> retry(KeystoreName name, Function<Integer, Duration> backoff);

  /// How many keystores have waited for their change of key for longer than this.
  Uni<Long> overdue(Duration wait);

  /// What was handed out.
  ///
  /// @param rotations to be made now
  /// @param seen how many were looked at; as many as the limit means that more may be due
  record Claim(List<DueRotation> rotations, int seen) {
    public Claim {
      rotations = List.copyOf(rotations);
    }
  }

  /// A rotation to be made.
  ///
  /// @param id the same for each attempt at the same due rotation
  record DueRotation(KeystoreName keystore, String id) {}
}
