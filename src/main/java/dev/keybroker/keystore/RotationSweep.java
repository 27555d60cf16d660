package dev.keybroker.keystore;

import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kms.QuotaGate;
import dev.keybroker.kms.QuotaLine;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Random;
import org.jboss.logging.Logger;

/// Does the work that becomes due by time alone: rotations, erasures, and intents whose broker is
/// gone. Every broker runs it; each piece of work is done by one broker.
@Singleton
public final class RotationSweep {
  private static final Logger LOG = Logger.getLogger(RotationSweep.class);
  private static final int BATCH = 100;
  private static final QuotaLine NO_QUOTA =
      new QuotaLine("none", Duration.ofMillis(1), Duration.ZERO);
  private static final Duration INTENT_LIVES = Duration.ofMinutes(15);

  private final DueRotations due;
  private final Rotation rotation;
  private final KekRepository keks;
  private final KekHistory history;
  private final KekChanges changes;
  private final QuotaGate gate;
  private final RootKeyAccess access;
  private final RotationConfig config;
  private final Backoff backoff;
  private final KeyGrants grants;
  private final Random random;

  public RotationSweep(
      DueRotations due,
      Rotation rotation,
      KekRepository keks,
      KekHistory history,
      KekChanges changes,
      QuotaGate gate,
      RootKeyAccess access,
      RotationConfig config,
      Backoff backoff,
      KeyGrants grants,
      Random random) {
    this.due = due;
    this.rotation = rotation;
    this.keks = keks;
    this.history = history;
    this.changes = changes;
    this.gate = gate;
    this.access = access;
    this.config = config;
    this.backoff = backoff;
    this.grants = grants;
    this.random = random;
  }

  /// Does what is due now. Never fails: a later run retries what cannot be done now.
  public Uni<Void> run() {
    return rotate()
        .chain(this::erase)
        // The gauge and the log report the clock skew; the rest uses the database's clock alone.
        .onFailure(KekFailure.ClockSkew.class)
        .recoverWithNull()
        .chain(grants::retireUnneeded)
        .chain(() -> keks.abandonOlderThan(INTENT_LIVES))
        .onFailure(KekFailure.StoreUnavailable.class)
        .recoverWithNull()
        .onFailure()
        .invoke(failure -> LOG.error("the sweep for what is due failed", failure))
        .onFailure()
        .recoverWithNull()
        .replaceWithVoid();
  }

  /// Rotates batch after batch, until a batch shows that nothing more is due now.
  private Uni<Void> rotate() {
    return due.claim(BATCH, config.lease(), this::plan, keystore -> jitter())
        .chain(
            claim ->
                Multi.createFrom()
                    .iterable(claim.rotations())
                    .onItem()
                    .transformToUni(this::rotate)
                    .merge(config.concurrency())
                    .collect()
                    .last()
                    .chain(() -> claim.seen() < BATCH ? Uni.createFrom().voidItem() : rotate()));
  }

  private QuotaLine plan(Keystore keystore) {
    try {
      return gate.plan(
          access.locate(keystore.settings().rootKey()), keystore.settings().keyPairSpec());
    } catch (KeystoreFailure.NoBrokerManagedKey e) {
      // The rotation itself reports this failure.
      return NO_QUOTA;
    }
  }

  private Duration jitter() {
    long bound = config.jitter().toMillis();
    return Duration.ofMillis(bound <= 0 ? 0 : random.nextLong(bound));
  }

  private Uni<Void> rotate(DueRotations.DueRotation claimed) {
    return rotation
        .rotateDue(claimed.keystore(), claimed.id())
        .invoke(kek -> LOG.infof("rotated to %s", kek.name()))
        .onFailure()
        .invoke(
            failure ->
                LOG.warnf("rotation of %s failed: %s", claimed.keystore(), failure.getMessage()))
        .onFailure()
        .recoverWithUni(
            failure ->
                due.retry(claimed.keystore(), backoff::after)
                    .onFailure()
                    .recoverWithNull()
                    .replaceWith(() -> null))
        .replaceWithVoid();
  }

  private Uni<Void> erase() {
    return history
        .eraseDue(BATCH)
        .chain(
            erased ->
                Multi.createFrom()
                    .iterable(erased)
                    .onItem()
                    .transformToUniAndConcatenate(kek -> changes.publish(new KekChange.OfKek(kek)))
                    .collect()
                    .last()
                    .chain(() -> erased.size() < BATCH ? Uni.createFrom().voidItem() : erase()));
  }
}
