package dev.keybroker.keystore;

import dev.keybroker.kek.KekName;
import io.smallrye.mutiny.Uni;
import java.time.Duration;

/// The generation of KEKs as the database sees it. Fails with [dev.keybroker.kek.KekFailure].
///
/// A crash between two calls leaves the intent. Once its broker counts as gone, the next attempt
/// for the same keystore takes its place. There is never a second ACTIVE KEK and never a second
/// intent.
public interface KekRepository {
  /// Writes the intent. If one that says the same is there, its broker is generating the KEK: the
  /// answer is to wait for it, unless it has taken too long. One that says otherwise is replaced.
  /// If a KEK of this request id is generated already, it is the answer.
  /// Fails with `UnknownKek` where the keystore's settings are of another version by now: a KEK as
  /// they were would take the place of the one that they want.
  Uni<Intended> intend(KekIntent intent);

  /// Makes the intended KEK ACTIVE and retires the one before, in one transaction. Where another
  /// process was faster, its key pair stands and this one is dropped; both answer the same KEK.
  /// Fails with `UnknownKek` where the intent was taken back, or replaced by one of other content.
  Uni<KekDetails> activate(NewKek kek);

  /// Takes an intent back; does nothing to a KEK that is generated.
  Uni<Void> abandon(KekName kek);

  /// Takes back intents that are older than this by the database's clock: their brokers are gone.
  Uni<Integer> abandonOlderThan(Duration age);

  /// Prolongs the time in which an intent is its broker's, which is ten seconds from here; does
  /// nothing to a KEK that is generated.
  Uni<Void> renew(KekName kek);

  /// The KEK or the intent of this name. Fails with `UnknownKek`.
  Uni<KekDetails> find(KekName kek);

  /// What became of an intent.
  sealed interface Intended {
    /// A key pair is to be generated for this KEK.
    record ToGenerate(KekName name) implements Intended {}

    /// Another call, perhaps of another broker, is generating this KEK.
    record UnderWay(KekName name) implements Intended {}

    /// The request's KEK is there.
    record Generated(KekDetails kek) implements Intended {}
  }
}
