package dev.keybroker.keystore;

import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KeystoreName;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Deletes keystores, after a waiting period in which the deletion can be cancelled. Thread-safe.
/// Every change is announced to every broker.
///
/// Unis fail with [KeystoreFailure] or [dev.keybroker.kek.KekFailure].
@Singleton
public final class KeystoreDeletion {
  private static final Duration WAIT = Duration.ofDays(30);

  private final KeystoreRepository keystores;
  private final KeystoreDeletions deletions;
  private final KekChanges changes;

  public KeystoreDeletion(
      KeystoreRepository keystores, KeystoreDeletions deletions, KekChanges changes) {
    this.keystores = keystores;
    this.deletions = deletions;
    this.changes = changes;
  }

  /// Deletes a keystore.
  ///
  /// @param version if present, the version that the caller read
  /// @param withKeks whether to schedule the destruction of KEKs that are not destroyed; otherwise
  ///     there must be none
  public Uni<Void> delete(KeystoreName name, @Nullable Long version, boolean withKeks) {
    return announced(name, deletions.delete(name, version, withKeks ? WAIT : null));
  }

  /// Cancels a deletion.
  public Uni<Keystore> restore(KeystoreName name) {
    return announced(name, deletions.restore(name)).chain(() -> keystores.find(name));
  }

  private Uni<Void> announced(KeystoreName name, Uni<List<UUID>> change) {
    return change.chain(
        keks ->
            changes
                .publish(new KekChange.OfKeystore(name))
                .chain(
                    () ->
                        Multi.createFrom()
                            .iterable(keks)
                            .onItem()
                            .transformToUniAndConcatenate(
                                kek -> changes.publish(new KekChange.OfKek(kek)))
                            .collect()
                            .last()
                            .replaceWithVoid()));
  }
}
