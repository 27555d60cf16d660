package dev.keybroker.keystore;

import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsKey;
import io.smallrye.mutiny.Uni;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The KEKs in the database after their generation. Fails with [dev.keybroker.kek.KekFailure].
public interface KekHistory {
  /// Fails with `UnknownKek`, also if the KEK belongs to another keystore.
  Uni<KekDetails> find(KekName kek);

  /// Returns up to `limit` KEKs of a keystore, newest first, starting with the first that is older
  /// than `after`.
  Uni<List<KekDetails>> history(KeystoreName keystore, @Nullable KekCursor after, int limit);

  /// Returns the grants by which the private keys of a keystore's KEKs are or were decrypted, each
  /// with its key's ARN.
  Uni<List<KmsKey>> grants(KeystoreName keystore);

  /// Changes a KEK's state and destroy time with the given function, while holding a lock on its
  /// row.
  Uni<KekDetails> change(KekName kek, Change change);

  /// Like [#change(KekName, Change)], for a change that sets a time in the future. Fails with
  /// `ClockSkew` if this broker's clock and the database's differ by more than a minute.
  Uni<KekDetails> changeByTime(KekName kek, TimedChange change);

  /// Erases up to `limit` encrypted private keys whose destroy time has passed by the database's
  /// clock, and returns their KEKs. Skips those that another broker is erasing at the same moment.
  /// Fails with `ClockSkew` if this broker's clock and the database's differ by more than a minute.
  Uni<List<UUID>> eraseDue(int limit);

  /// Returns the changed KEK, or throws a [dev.keybroker.kek.KekFailure] if its state does not
  /// allow the change.
  interface Change {
    KekDetails apply(KekDetails kek);
  }

  /// Returns the changed KEK, given the current time of the database.
  interface TimedChange {
    KekDetails apply(KekDetails kek, Instant now);
  }
}
