package dev.keybroker.keystore;

import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KeystoreName;
import io.smallrye.mutiny.Uni;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// KEKs after their generation, as the database sees them. Fails with
/// [dev.keybroker.kek.KekFailure].
public interface KekHistory {
  /// Fails with `UnknownKek`, also where the KEK is of another keystore.
  Uni<KekDetails> find(KekName kek);

  /// Up to `limit` KEKs of a keystore, newest first, from the first one that is older than `after`.
  Uni<List<KekDetails>> history(KeystoreName keystore, @Nullable KekCursor after, int limit);

  /// Changes a KEK's state and destroy time as the function says. Its row is locked meanwhile.
  Uni<KekDetails> change(KekName kek, Change change);

  /// As [#change(KekName, Change)], for a change that sets a time in the future. Fails with
  /// `ClockSkew` where this broker's clock and the database's differ by more than a minute.
  Uni<KekDetails> changeByTime(KekName kek, TimedChange change);

  /// Erases up to `limit` encrypted private keys whose destroy time has come by the database's
  /// clock, and answers which. What another broker erases at the same moment is left to it. Fails
  /// with `ClockSkew` where this broker's clock and the database's differ by more than a minute.
  Uni<List<UUID>> eraseDue(int limit);

  /// What a KEK becomes; throws the [dev.keybroker.kek.KekFailure] where its state does not admit
  /// it.
  interface Change {
    KekDetails apply(KekDetails kek);
  }

  /// What a KEK becomes at a time, which is the database's.
  interface TimedChange {
    KekDetails apply(KekDetails kek, Instant now);
  }
}
