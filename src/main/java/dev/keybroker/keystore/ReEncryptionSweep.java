package dev.keybroker.keystore;

import dev.keybroker.audit.AuditTrail;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.KekCopies;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.keystore.PrivateKeyMove.Mismatch;
import dev.keybroker.keystore.PrivateKeyMove.Moved;
import dev.keybroker.keystore.PrivateKeyMove.RefusedMove;
import dev.keybroker.keystore.ReEncryptions.Affected;
import dev.keybroker.keystore.ReEncryptions.Work;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import org.jboss.logging.Logger;

/// Does the re-encryptions that administrators started. Every broker runs it; each re-encryption is
/// done by one broker at a time, one private key after the other. It can stop at any point: another
/// run goes on with what is left.
///
/// The private keys that brokers hold in memory stay: they are the same, and each ends at its own
/// bound.
@Singleton
public final class ReEncryptionSweep {
  private static final Logger LOG = Logger.getLogger(ReEncryptionSweep.class);

  /// After so many private keys, a run ends, so that a broker that stops is not held up.
  private static final int BATCH = 100;

  private static final Duration LEASE = Duration.ofSeconds(10);
  private static final Duration HEARTBEAT = Duration.ofSeconds(2);

  private final ReEncryptions reEncryptions;
  private final PrivateKeyMove move;
  private final KekCopies copies;
  private final Diagnosis diagnosis;
  private final AuditTrail audit;
  private final Backoff backoff;
  private final RotationConfig rotations;
  private final ReEncryptionConfig config;
  private final InstantSource clock;

  /// By then every broker that reaches PostgreSQL knows of a change, even if no message told it.
  /// Before that, the former root key may still be called.
  private final Duration spread;

  private final MeterRegistry registry;

  public ReEncryptionSweep(
      ReEncryptions reEncryptions,
      PrivateKeyMove move,
      KekCopies copies,
      Diagnosis diagnosis,
      AuditTrail audit,
      Backoff backoff,
      RotationConfig rotations,
      ReEncryptionConfig config,
      KekCacheConfig records,
      InstantSource clock,
      MeterRegistry registry) {
    this.reEncryptions = reEncryptions;
    this.move = move;
    this.copies = copies;
    this.diagnosis = diagnosis;
    this.audit = audit;
    this.backoff = backoff;
    this.rotations = rotations;
    this.config = config;
    this.clock = clock;
    this.spread = records.freshness().plus(records.staleAge());
    this.registry = registry;
    // So that each exists, at 0, from the start.
    for (PrivateKeyMove.Way way : PrivateKeyMove.Way.values()) {
      moved(way);
    }
    ended(ReEncryption.State.COMPLETED);
    ended(ReEncryption.State.FAILED);
  }

  private Counter moved(PrivateKeyMove.Way way) {
    return registry.counter(Metrics.KEK_RE_ENCRYPTED, Metrics.WAY, way.tag());
  }

  private Counter ended(ReEncryption.State state) {
    return registry.counter(
        Metrics.RE_ENCRYPTIONS, Metrics.OUTCOME, state.name().toLowerCase(Locale.ROOT));
  }

  /// Does what is due now. Never fails: a later run retries what cannot be done now.
  public Uni<Void> run() {
    return reEncryptions
        .claim(rotations.concurrency(), LEASE)
        .onItem()
        .transformToMulti(works -> Multi.createFrom().iterable(works))
        .onItem()
        .transformToUni(this::work)
        .merge(rotations.concurrency())
        .collect()
        .last()
        .chain(() -> reEncryptions.eraseDue(BATCH))
        .onFailure(KekFailure.StoreUnavailable.class)
        .recoverWithNull()
        .onFailure()
        .invoke(failure -> LOG.error("the sweep for re-encryptions failed", failure))
        .onFailure()
        .recoverWithNull()
        .replaceWithVoid();
  }

  private Uni<Void> work(Work work) {
    // With an alias whose key is not known yet, what is left depends on the first result.
    int most = work.target().key().arn().isAlias() ? 1 : BATCH;
    Uni<Void> done =
        reEncryptions
            .next(work.id(), most)
            .chain(privateKeys -> moveAll(work, privateKeys))
            .chain(step -> step == Step.PAUSED ? Uni.createFrom().<Void>nullItem() : settled(work));
    return Heartbeat.during(done, HEARTBEAT, () -> reEncryptions.renew(work.id(), LEASE))
        .onFailure()
        .invoke(
            failure ->
                LOG.warnf(
                    failure,
                    "the re-encryption of %s was interrupted; it goes on",
                    work.keystore()))
        .onFailure()
        .recoverWithNull();
  }

  private Uni<Void> settled(Work work) {
    return reEncryptions
        .settle(work, spread, config.keepFormer())
        .invoke(
            end -> {
              if (end != null) {
                ended(work, end);
              }
            })
        .replaceWithVoid();
  }

  private void ended(Work work, ReEncryption end) {
    ended(end.state()).increment();
    LOG.infof(
        "re-encryption of %s under %s is %s: %d of %d KEKs done, %d failed",
        work.keystore(), end.rootKeyArn(), end.state(), end.done(), end.total(), end.failed());
  }

  /// What became of one private key.
  private enum Step {
    /// The next one can follow.
    DONE,
    /// It cannot be moved, and perhaps not those that follow.
    REFUSED,
    /// The failure passes, and a later run goes on.
    PAUSED
  }

  private Uni<Step> moveAll(Work work, List<StoredPrivateKey> left) {
    return left.isEmpty()
        ? Uni.createFrom().item(Step.DONE)
        : move(work, left.getFirst())
            .chain(
                step ->
                    step == Step.DONE
                        ? moveAll(work, left.subList(1, left.size()))
                        : Uni.createFrom().item(step));
  }

  private Uni<Step> move(Work work, StoredPrivateKey privateKey) {
    return move.of(privateKey, work.target())
        .chain(result -> replaced(work, privateKey, result))
        .onFailure(RefusedMove.class)
        .recoverWithUni(failure -> refused(work, privateKey, (RefusedMove) failure))
        .onFailure(Mismatch.class)
        .recoverWithUni(failure -> mismatch(work, privateKey));
  }

  private Uni<Step> replaced(Work work, StoredPrivateKey privateKey, Moved result) {
    return reEncryptions
        .replace(work.id(), privateKey, result.encrypted(), result.keyArn())
        .chain(
            replaced -> {
              if (!replaced) {
                return Uni.createFrom().voidItem();
              }
              KekName kek = privateKey.kek();
              moved(result.way()).increment();
              audit.reEncrypted(
                  kek.keystore().tenant(),
                  kek.keystore().keystore(),
                  kek.id(),
                  result.keyArn().toString(),
                  result.requestId(),
                  result.way().name());
              return copies.copy(kek.id());
            })
        .replaceWith(Step.DONE);
  }

  private Uni<Step> refused(Work work, StoredPrivateKey privateKey, RefusedMove refused) {
    KmsFailure failure = refused.failure();
    return diagnosis
        .of(failure, refused.use())
        .chain(
            error ->
                switch (failure.kind()) {
                  case UNREACHABLE, THROTTLED, TOO_MANY_CALLS ->
                      reEncryptions
                          .pause(work.id(), error, backoff::after)
                          .replaceWith(Step.PAUSED);
                  case CIPHERTEXT_REFUSED -> refuse(work, privateKey, Affected.ONE, error);
                  default ->
                      refuse(
                          work,
                          privateKey,
                          refused.use().equals(privateKey.rootKey())
                              ? Affected.SAME_KEY
                              : Affected.ALL,
                          error);
                });
  }

  private Uni<Step> refuse(
      Work work, StoredPrivateKey privateKey, Affected affected, RootKeyError error) {
    LOG.warnf("%s is not re-encrypted: %s %s", privateKey.kek(), error.action(), error.code());
    return reEncryptions.refuse(work.id(), privateKey, affected, error).replaceWith(Step.REFUSED);
  }

  private Uni<Step> mismatch(Work work, StoredPrivateKey privateKey) {
    return refuse(
        work,
        privateKey,
        Affected.ONE,
        new RootKeyError(
            "PrivateKeyMismatch",
            KmsAction.DECRYPT.action(),
            "what KMS decrypts is not the private key of " + privateKey.kek(),
            "The KEK is unchanged. Its stored ciphertext or public key is damaged: restore its row"
                + " from a backup of the database.",
            null,
            clock.instant()));
  }
}
