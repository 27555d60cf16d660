package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// KEKs and their life as the database sees them. Fails with [KekFailure].
///
/// A crash between two calls leaves the intent, which the next attempt for the same keystore takes
/// up: there is never a second ACTIVE KEK and never a second intent.
public interface KekRepository {
  /// Writes the intent, or takes up the one that is there where it says the same; one that says
  /// otherwise is replaced. Where a KEK of this request id is generated already, it is the answer.
  Uni<Intended> intend(KekIntent intent);

  /// Makes the intended KEK ACTIVE and retires the one before, in one transaction. Where another
  /// process was faster, its key pair stands and this one is dropped; both answer the same KEK.
  /// Fails with `UnknownKek` where the intent was taken back, or replaced by one of other content.
  Uni<KekDetails> activate(NewKek kek);

  /// Takes an intent back; does nothing to a KEK that is generated.
  Uni<Void> abandon(KekName kek);

  /// Fails with `UnknownKek`, also where the KEK is of another keystore.
  Uni<KekDetails> find(KekName kek);

  /// Up to `limit` KEKs of a keystore, newest first, from the first one that is older than `after`.
  Uni<List<KekDetails>> history(KeystoreName keystore, @Nullable KekCursor after, int limit);

  /// Changes a KEK's state and destroy time as the function says. Its row is locked meanwhile.
  Uni<KekDetails> change(KekName kek, Change change);

  /// Erases up to `limit` encrypted private keys whose destroy time has come, and answers which.
  /// What another broker erases at the same moment is left to it.
  Uni<List<UUID>> eraseDue(Instant now, int limit);

  /// Takes back intents that are older than this: their brokers are gone.
  Uni<Integer> abandonOlderThan(Instant time);

  /// What a KEK becomes; throws the [KekFailure] where its state does not admit it.
  interface Change {
    KekDetails apply(KekDetails kek);
  }

  /// What became of an intent.
  sealed interface Intended {
    /// A key pair is to be generated for this KEK.
    record ToGenerate(KekName name) implements Intended {}

    /// The request's KEK is there.
    record Generated(KekDetails kek) implements Intended {}
  }
}
