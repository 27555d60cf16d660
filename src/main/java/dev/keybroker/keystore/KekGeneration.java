package dev.keybroker.keystore;

import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekCopies;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.Urgency;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Makes a keystore's next KEK: intent → key pair → ACTIVE → copied to Redis → announced to every
/// broker.
///
/// Once started, a generation runs to its end, whether the caller still waits or not. A failed
/// generation withdraws its intent. After a crash, the next attempt takes over the intent.
@Singleton
public final class KekGeneration {
  private static final Duration LOOK_AGAIN = Duration.ofMillis(100);
  private static final Duration HEARTBEAT = Duration.ofSeconds(2);

  /// After this time without a KEK, the generation checks again which broker's turn it is.
  private static final Duration LONGEST_LOOK = Duration.ofSeconds(5);

  private final KekRepository keks;
  private final KeyPairSource keyPairs;
  private final RootKeyAccess access;
  private final KekCopies copies;
  private final KekChanges changes;
  private final ConcurrentHashMap<KekIntent, CompletableFuture<KekDetails>> underWay =
      new ConcurrentHashMap<>();

  public KekGeneration(
      KekRepository keks,
      KeyPairSource keyPairs,
      RootKeyAccess access,
      KekCopies copies,
      KekChanges changes) {
    this.keks = keks;
    this.keyPairs = keyPairs;
    this.access = access;
    this.copies = copies;
    this.changes = changes;
  }

  /// Makes a key pair for the next KEK of these settings, whether they are saved or not. Writes
  /// nothing. Fails with [dev.keybroker.kms.KmsFailure] or [KeystoreFailure].
  Uni<KeyPairSource.Pair> pair(
      KeystoreName name, KeystoreSettings settings, Tenant tenant, Urgency urgency) {
    return Uni.createFrom()
        .deferred(
            () ->
                keyPairs.pair(
                    access.use(settings.rootKey(), tenant, name),
                    settings.keyPairSpec(),
                    name.tenant(),
                    urgency));
  }

  /// Makes the next KEK of a keystore according to its settings. Fails with
  /// [dev.keybroker.kms.KmsFailure], [KekFailure] or [KeystoreFailure]: `Changed` if the settings
  /// have changed by now, or if the intent was replaced by one of other settings. A retry with
  /// those settings is safe.
  ///
  /// @param requestId the same id names the same KEK; null if the caller gave none
  public Uni<KekDetails> generate(
      Keystore keystore, Tenant tenant, @Nullable String requestId, Urgency urgency) {
    return generate(
        keystore, tenant, requestId, pair(keystore.name(), keystore.settings(), tenant, urgency));
  }

  /// Like [#generate(Keystore, Tenant, String, Urgency)], with this key pair, which was made for
  /// the same settings.
  Uni<KekDetails> generate(
      Keystore keystore,
      Tenant tenant,
      @Nullable String requestId,
      Uni<KeyPairSource.Pair> keyPair) {
    return Uni.createFrom()
        .deferred(
            () ->
                once(
                    new KekIntent(
                        keystore.name(),
                        keystore.version(),
                        keystore.settings().keyPairSpec(),
                        access.use(keystore.settings().rootKey(), tenant, keystore.name()),
                        requestId),
                    keyPair));
  }

  /// Calls for the same intent share one generation, including its failure.
  private Uni<KekDetails> once(KekIntent intent, Uni<KeyPairSource.Pair> keyPair) {
    CompletableFuture<KekDetails> mine = new CompletableFuture<>();
    CompletableFuture<KekDetails> running = underWay.putIfAbsent(intent, mine);
    if (running == null) {
      Uni.createFrom()
          .deferred(() -> generate(intent, keyPair))
          .onTermination()
          .invoke(() -> underWay.remove(intent, mine))
          .subscribe()
          .with(mine::complete, mine::completeExceptionally);
    }
    CompletableFuture<KekDetails> shared = running == null ? mine : running;
    return Uni.createFrom().completionStage(shared::minimalCompletionStage);
  }

  private Uni<KekDetails> generate(KekIntent intent, Uni<KeyPairSource.Pair> keyPair) {
    return keks.intend(intent)
        .chain(
            intended ->
                switch (intended) {
                  case KekRepository.Intended.Generated(KekDetails kek) ->
                      Uni.createFrom().item(kek);
                  case KekRepository.Intended.UnderWay(KekName name) ->
                      awaitGenerated(name)
                          .onItem()
                          .ifNull()
                          .switchTo(() -> generate(intent, keyPair));
                  case KekRepository.Intended.ToGenerate(KekName name) -> activate(name, keyPair);
                });
  }

  /// Returns the KEK that another broker is generating; null if that takes longer, or if that
  /// broker has withdrawn its intent.
  private Uni<KekDetails> awaitGenerated(KekName name) {
    return Uni.createFrom()
        .voidItem()
        .onItem()
        .delayIt()
        .by(LOOK_AGAIN)
        .chain(() -> keks.find(name))
        .repeat()
        .whilst(kek -> kek.state() == KekState.PENDING_GENERATION)
        .collect()
        .last()
        .ifNoItem()
        .after(LONGEST_LOOK)
        .recoverWithUni(() -> Uni.createFrom().nullItem())
        .onFailure(KekFailure.UnknownKek.class)
        .recoverWithNull();
  }

  private Uni<KekDetails> activate(KekName name, Uni<KeyPairSource.Pair> keyPair) {
    Uni<KekDetails> generated =
        keyPair.chain(
            pair ->
                keks.activate(
                    new NewKek(
                        name,
                        pair.origin(),
                        pair.publicKey(),
                        pair.encryptedPrivateKey(),
                        pair.keyArn())));
    return Heartbeat.during(generated, HEARTBEAT, () -> keks.renew(name))
        .onFailure()
        .call(() -> keks.abandon(name).onFailure().recoverWithNull())
        .call(() -> copies.copy(name.id()))
        .call(() -> changes.publish(new KekChange.OfKeystore(name.keystore())));
  }
}
