package dev.keybroker.keystore;

import dev.keybroker.crypto.InvalidKekException;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.KeyPairs;
import dev.keybroker.crypto.WrappingKey;
import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekDetails;
import dev.keybroker.kek.KekIntent;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekOrigin;
import dev.keybroker.kek.KekRepository;
import dev.keybroker.kek.NewKek;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsKey;
import io.smallrye.mutiny.Uni;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// Makes a keystore's next KEK: intent → key pair → ACTIVE → announced to every broker.
///
/// Once begun it goes on to its end, whether the caller still waits or not. What fails takes its
/// intent back; after a crash the next attempt takes the intent up.
public final class KekGeneration {
  private final KekRepository keks;
  private final Kms kms;
  private final KeyCodec codec;
  private final KeyPairs keyPairs;
  private final RootKeyAccess access;
  private final KekChanges changes;
  private final Executor workers;

  /// @param workers for key pairs that are generated here; RSA takes up to seconds
  public KekGeneration(
      KekRepository keks,
      Kms kms,
      KeyCodec codec,
      KeyPairs keyPairs,
      RootKeyAccess access,
      KekChanges changes,
      Executor workers) {
    this.keks = keks;
    this.kms = kms;
    this.codec = codec;
    this.keyPairs = keyPairs;
    this.access = access;
    this.changes = changes;
    this.workers = workers;
  }

  /// Makes the next KEK of a keystore as its settings say. Fails with [KmsFailure],
  /// [KeystoreFailure] or [dev.keybroker.kek.KekFailure]:
  /// `UnknownKek` where the intent was replaced meanwhile by one
  /// of other settings; a retry with those is safe.
  ///
  /// @param requestId the same id again is the same KEK; null where the caller gave none
  public Uni<KekDetails> generate(Keystore keystore, Tenant tenant, @Nullable String requestId) {
    return toTheEnd(
        Uni.createFrom()
            .deferred(
                () -> {
                  KekIntent intent =
                      new KekIntent(
                          keystore.name(),
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
                                    generate(intent, name);
                              });
                }));
  }

  private Uni<KekDetails> generate(KekIntent intent, KekName name) {
    return pair(intent, name)
        .chain(keks::activate)
        .onFailure()
        .call(() -> keks.abandon(name).onFailure().recoverWithNull())
        .call(() -> changes.publish(new KekChange.OfKeystore(name.keystore())));
  }

  private Uni<NewKek> pair(KekIntent intent, KekName name) {
    KmsKey key = intent.rootKey();
    return kms.generateKeyPair(key, intent.spec(), intent.kmsContext())
        .map(
            pair ->
                new NewKek(
                    name,
                    KekOrigin.KMS_GENERATED,
                    publicKey(intent.spec(), pair.publicKey()),
                    pair.encryptedPrivateKey(),
                    pair.keyArn()))
        .onFailure(KekGeneration::isUnusable)
        .recoverWithUni(
            refusal ->
                kms.describe(key)
                    .chain(
                        description ->
                            description.inCustomKeyStore()
                                ? pairMadeHere(intent, name)
                                : Uni.createFrom().failure(refusal)));
  }

  /// The private key is encrypted by KMS and wiped, whatever the outcome.
  private Uni<NewKek> pairMadeHere(KekIntent intent, KekName name) {
    return Uni.createFrom()
        .item(() -> keyPairs.generate(intent.spec()))
        .runSubscriptionOn(workers)
        .chain(
            pair ->
                kms.encryptPrivateKey(intent.rootKey(), pair.pkcs8(), intent.kmsContext())
                    .map(
                        encrypted ->
                            new NewKek(
                                name,
                                KekOrigin.BROKER_GENERATED,
                                publicKey(intent.spec(), pair.subjectPublicKeyInfo()),
                                encrypted.ciphertext(),
                                encrypted.keyArn()))
                    .onTermination()
                    .invoke(pair::close));
  }

  private static boolean isUnusable(Throwable failure) {
    return failure instanceof KmsFailure kms && kms.kind() == KmsFailure.Kind.KEY_UNUSABLE;
  }

  private WrappingKey publicKey(KeyPairSpec spec, byte[] subjectPublicKeyInfo) {
    try {
      return codec.parsePublic(spec, subjectPublicKeyInfo);
    } catch (InvalidKekException e) {
      throw new KmsFailure(
          KmsFailure.Kind.UNREACHABLE,
          "kms:GenerateDataKeyPairWithoutPlaintext",
          "MalformedResponse",
          "the public key is not of the spec that was asked for",
          null);
    }
  }

  private static <T> Uni<T> toTheEnd(Uni<T> work) {
    return Uni.createFrom()
        .completionStage(() -> work.subscribeAsCompletionStage().minimalCompletionStage());
  }
}
