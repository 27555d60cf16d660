package dev.keybroker.keystore;

import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekDetails;
import dev.keybroker.kek.KekIntent;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekRepository;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.NewKek;
import io.smallrye.mutiny.Uni;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Makes a keystore's next KEK: intent → key pair → ACTIVE → announced to every broker.
///
/// Once begun it goes on to its end, whether the caller still waits or not. What fails takes its
/// intent back; after a crash the next attempt takes the intent up.
public final class KekGeneration {
  private final KekRepository keks;
  private final KeyPairSource keyPairs;
  private final RootKeyAccess access;
  private final KekChanges changes;

  public KekGeneration(
      KekRepository keks, KeyPairSource keyPairs, RootKeyAccess access, KekChanges changes) {
    this.keks = keks;
    this.keyPairs = keyPairs;
    this.access = access;
    this.changes = changes;
  }

  /// A key pair for the next KEK of these settings, whether they are saved or not; nothing is
  /// written. Fails with [dev.keybroker.kms.KmsFailure] or [KeystoreFailure].
  Uni<KeyPairSource.Pair> pair(KeystoreName name, KeystoreSettings settings, Tenant tenant) {
    return Uni.createFrom()
        .deferred(
            () ->
                keyPairs.pair(
                    access.key(settings.rootKey(), tenant),
                    settings.keyPairSpec(),
                    access.context(name)));
  }

  /// Makes the next KEK of a keystore as its settings say. Fails with
  /// [dev.keybroker.kms.KmsFailure], [KeystoreFailure] or [dev.keybroker.kek.KekFailure]:
  /// `UnknownKek` where the settings are others by now, or the intent was replaced by one of other
  /// settings; a retry with those is safe.
  ///
  /// @param requestId the same id again is the same KEK; null where the caller gave none
  public Uni<KekDetails> generate(Keystore keystore, Tenant tenant, @Nullable String requestId) {
    return generate(
        keystore, tenant, requestId, pair(keystore.name(), keystore.settings(), tenant));
  }

  /// As [#generate(Keystore, Tenant, String)], of this key pair, which was made for the same
  /// settings.
  Uni<KekDetails> generate(
      Keystore keystore,
      Tenant tenant,
      @Nullable String requestId,
      Uni<KeyPairSource.Pair> keyPair) {
    return toTheEnd(
        Uni.createFrom()
            .deferred(
                () -> {
                  KekIntent intent =
                      new KekIntent(
                          keystore.name(),
                          keystore.version(),
                          keystore.settings().keyPairSpec(),
                          access.key(keystore.settings().rootKey(), tenant),
                          access.context(keystore.name()),
                          requestId);
                  return keks.intend(intent)
                      .chain(
                          intended ->
                              switch (intended) {
                                case KekRepository.Intended.Generated(KekDetails kek) ->
                                    Uni.createFrom().item(kek);
                                case KekRepository.Intended.ToGenerate(KekName name) ->
                                    activate(name, keyPair);
                              });
                }));
  }

  private Uni<KekDetails> activate(KekName name, Uni<KeyPairSource.Pair> keyPair) {
    return keyPair
        .chain(
            pair ->
                keks.activate(
                    new NewKek(
                        name,
                        pair.origin(),
                        pair.publicKey(),
                        pair.encryptedPrivateKey(),
                        pair.keyArn())))
        .onFailure()
        .call(() -> keks.abandon(name).onFailure().recoverWithNull())
        .call(() -> changes.publish(new KekChange.OfKeystore(name.keystore())));
  }

  private static <T> Uni<T> toTheEnd(Uni<T> work) {
    return Uni.createFrom()
        .completionStage(
            () -> {
              CompletableFuture<T> end = new CompletableFuture<>();
              work.subscribe().with(end::complete, end::completeExceptionally);
              return end.minimalCompletionStage();
            });
  }
}
