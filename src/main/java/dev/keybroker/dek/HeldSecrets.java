package dev.keybroker.dek;

import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.MemoryPrivateKeks;
import io.smallrye.mutiny.Uni;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.function.Function;

/// Rechecks the private keys and opened secrets in memory after a change of their KEK. Those of a
/// KEK that still unwraps stay, so that calls that are running can end. Thread-safe.
public final class HeldSecrets {
  private final Function<UUID, Uni<Kek>> current;
  private final MemoryPrivateKeks privateKeks;
  private final OpenedSecrets openedSecrets;

  /// @param current reads a KEK as it is now in PostgreSQL; a read applies the lifetime of private
  ///     keys that the record states
  public HeldSecrets(
      Function<UUID, Uni<Kek>> current,
      MemoryPrivateKeks privateKeks,
      OpenedSecrets openedSecrets) {
    this.current = current;
    this.privateKeks = privateKeks;
    this.openedSecrets = openedSecrets;
  }

  /// Reads a KEK again, and wipes what memory holds of it if it no longer unwraps or cannot be
  /// read.
  public void recheck(UUID kek) {
    current
        .apply(kek)
        .subscribe()
        .with(
            now -> {
              if (!now.state().unwraps()) {
                wipe(kek);
              }
            },
            failure -> wipe(kek));
  }

  /// Rechecks all KEKs of a keystore that memory holds anything of.
  public void recheck(KeystoreName keystore) {
    Set<UUID> keks = new HashSet<>(privateKeks.keksOf(keystore));
    keks.addAll(openedSecrets.keksOf(keystore));
    keks.forEach(this::recheck);
  }

  private void wipe(UUID kek) {
    privateKeks.forget(kek);
    openedSecrets.changed(new KekChange.OfKek(kek));
  }
}
