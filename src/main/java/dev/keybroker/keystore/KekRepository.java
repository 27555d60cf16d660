package dev.keybroker.keystore;

import dev.keybroker.kek.KekName;
import io.smallrye.mutiny.Uni;
import java.time.Duration;

/// The state of KEK generation in the database. Fails with [dev.keybroker.kek.KekFailure].
///
/// A crash between two calls leaves the intent behind. Once its broker counts as gone, the next
/// attempt for the same keystore replaces it. A keystore never has two ACTIVE KEKs or two intents.
public interface KekRepository {
  /// Writes the intent. If an equal intent exists, its broker is generating the KEK, and the result
  /// is to wait for it, unless it has taken too long. A different intent is replaced. If the KEK of
  /// this request id is already generated, it is the result. Fails with
  /// [KeystoreFailure.Changed] if the keystore's settings have another version by now: a KEK with
  /// the old settings would replace the one that the new settings need.
  Uni<Intended> intend(KekIntent intent);

  /// Makes the intended KEK ACTIVE and retires the previous one, in one transaction. If another
  /// process was faster, its key pair stays and this one is dropped; both return the same KEK.
  /// Fails with [KeystoreFailure.Changed] if the intent was withdrawn, or replaced by one with
  /// other content.
  Uni<KekDetails> activate(NewKek kek);

  /// Withdraws an intent. Has no effect on a KEK that is already generated.
  Uni<Void> abandon(KekName kek);

  /// Withdraws intents that are older than this by the database's clock: their brokers are gone.
  Uni<Integer> abandonOlderThan(Duration age);

  /// Extends a broker's ownership of its intent to ten seconds from now. Has no effect on a KEK
  /// that is already generated.
  Uni<Void> renew(KekName kek);

  /// Returns the KEK or the intent of this name. Fails with `UnknownKek`.
  Uni<KekDetails> find(KekName kek);

  /// The result of writing an intent.
  sealed interface Intended {
    /// The caller generates a key pair for this KEK.
    record ToGenerate(KekName name) implements Intended {}

    /// Another call, possibly in another broker, is generating this KEK.
    record UnderWay(KekName name) implements Intended {}

    /// The KEK of this request already exists.
    record Generated(KekDetails kek) implements Intended {}
  }
}
