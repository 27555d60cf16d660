package dev.keybroker.keystore;

import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The life of KEKs after their generation: history, disable and enable, scheduled destruction.
/// Thread-safe. Every change is announced to every broker.
///
/// Unis fail with [KekFailure] or [KeystoreFailure].
@Singleton
public final class KekLife {
  private final KeystoreRepository keystores;
  private final KekHistory keks;
  private final KekChanges changes;

  public KekLife(KeystoreRepository keystores, KekHistory keks, KekChanges changes) {
    this.keystores = keystores;
    this.keks = keks;
    this.changes = changes;
  }

  public Uni<KekDetails> find(KekName kek) {
    return keks.find(kek);
  }

  /// Returns up to `limit` KEKs of a keystore, newest first, starting with the first that is older
  /// than `after`.
  public Uni<List<KekDetails>> history(
      KeystoreName keystore, @Nullable KekCursor after, int limit) {
    return keystores.find(keystore).chain(() -> keks.history(keystore, after, limit));
  }

  /// Changes a KEK from RETIRED to DISABLED.
  public Uni<KekDetails> disable(KekName kek) {
    return change(
        kek,
        known ->
            switch (known.state()) {
              case RETIRED -> known.state(KekState.DISABLED, null);
              case DISABLED -> known;
              case ACTIVE -> throw new KeystoreFailure.KekActive(kek);
              case DESTROYED -> throw new KekFailure.Destroyed(kek);
              case PENDING_GENERATION, DESTROY_SCHEDULED ->
                  throw new KekFailure.StateInvalid(kek, known.state());
            });
  }

  /// Changes a KEK from DISABLED to RETIRED.
  public Uni<KekDetails> enable(KekName kek) {
    return change(
        kek,
        known ->
            switch (known.state()) {
              case DISABLED -> known.state(KekState.RETIRED, null);
              case ACTIVE, RETIRED -> known;
              case DESTROYED -> throw new KekFailure.Destroyed(kek);
              case PENDING_GENERATION, DESTROY_SCHEDULED ->
                  throw new KekFailure.StateInvalid(kek, known.state());
            });
  }

  /// Changes a KEK from RETIRED or DISABLED to DESTROY_SCHEDULED. Its private key is erased after
  /// `wait`, by the database's clock.
  public Uni<KekDetails> scheduleDestruction(KekName kek, Duration wait) {
    return announced(
        kek,
        keks.changeByTime(
            kek,
            (known, now) ->
                switch (known.state()) {
                  case RETIRED, DISABLED -> known.state(KekState.DESTROY_SCHEDULED, now.plus(wait));
                  case ACTIVE -> throw new KeystoreFailure.KekActive(kek);
                  case DESTROYED -> throw new KekFailure.Destroyed(kek);
                  case PENDING_GENERATION, DESTROY_SCHEDULED ->
                      throw new KekFailure.StateInvalid(kek, known.state());
                }));
  }

  /// Changes a KEK from DESTROY_SCHEDULED to DISABLED.
  public Uni<KekDetails> restore(KekName kek) {
    return change(
        kek,
        known ->
            switch (known.state()) {
              case DESTROY_SCHEDULED -> known.state(KekState.DISABLED, null);
              case DESTROYED -> throw new KekFailure.Destroyed(kek);
              case PENDING_GENERATION, ACTIVE, RETIRED, DISABLED ->
                  throw new KekFailure.StateInvalid(kek, known.state());
            });
  }

  private Uni<KekDetails> change(KekName kek, KekHistory.Change change) {
    return announced(kek, keks.change(kek, change));
  }

  private Uni<KekDetails> announced(KekName kek, Uni<KekDetails> change) {
    return change.call(() -> changes.publish(new KekChange.OfKek(kek.id())));
  }
}
