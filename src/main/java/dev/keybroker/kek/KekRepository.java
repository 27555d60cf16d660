package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;

/// The generation of KEKs as the database sees it. Fails with [KekFailure].
///
/// A crash between two calls leaves the intent, which the next attempt for the same keystore takes
/// up: there is never a second ACTIVE KEK and never a second intent.
public interface KekRepository {
  /// Writes the intent, or takes up the one that is there. Where a KEK with this request id is
  /// generated already, it is answered as [Intended#generated].
  Uni<Intended> intend(KekIntent intent);

  /// Makes the intended KEK ACTIVE and retires the one before, in one transaction. Where another
  /// process was faster, its key pair stands and this one is dropped; both answer the same KEK.
  Uni<Kek> activate(NewKek kek);

  /// Takes an intent back; does nothing to a KEK that is generated.
  Uni<Void> abandon(KekName kek);

  /// @param generated whether the KEK is there already, so that nothing is left to do
  record Intended(KekName name, boolean generated) {}
}
