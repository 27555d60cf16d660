package dev.keybroker.kms;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import io.smallrye.mutiny.Uni;
import java.util.function.Function;

/// Tells an observer how keys answer the calls that use them.
///
/// What says nothing of the key is not told: a ciphertext that is not its own, a key pair that KMS
/// makes under no key of this kind, and whatever is asked of an alias in vain.
public final class ObservedKms implements Kms {
  private final Kms kms;
  private final KeyUseObserver observer;
  private final Ticker ticker;

  public ObservedKms(Kms kms, KeyUseObserver observer, Ticker ticker) {
    this.kms = kms;
    this.observer = observer;
    this.ticker = ticker;
  }

  @Override
  public Uni<GeneratedKeyPair> generateKeyPair(KmsKey key, KeyPairSpec spec, KmsContext context) {
    return observed(
        key, context, kms.generateKeyPair(key, spec, context), GeneratedKeyPair::keyArn);
  }

  @Override
  public Uni<EncryptedPrivateKey> encryptPrivateKey(
      KmsKey key, SecretBytes privateKey, KmsContext context) {
    return observed(
        key, context, kms.encryptPrivateKey(key, privateKey, context), EncryptedPrivateKey::keyArn);
  }

  @Override
  public Uni<DecryptedPrivateKey> decryptPrivateKey(
      KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return observed(
        key,
        context,
        kms.decryptPrivateKey(key, encryptedPrivateKey, context),
        decrypted -> key.arn());
  }

  /// Not observed: it goes without an encryption context and is for whoever asks.
  @Override
  public Uni<KmsKeyDescription> describe(KmsKey key) {
    return kms.describe(key);
  }

  @Override
  public Uni<Void> assumeRole(AssumedRole role) {
    return kms.assumeRole(role);
  }

  @Override
  public Uni<String> ownPrincipal() {
    return kms.ownPrincipal();
  }

  private <T> Uni<T> observed(
      KmsKey key, KmsContext context, Uni<T> call, Function<T, KmsArn> reportedKey) {
    return Uni.createFrom()
        .deferred(
            () -> {
              long begun = ticker.read();
              return call.invoke(
                      answer ->
                          observer.ended(
                              new KeyUse(
                                  new KmsKey(reportedKey.apply(answer), key.role()), context),
                              begun,
                              null))
                  .onFailure(failure -> !key.arn().isAlias() && tellsOfTheKey(failure))
                  .invoke(
                      failure ->
                          observer.ended(new KeyUse(key, context), begun, (KmsFailure) failure));
            });
  }

  private static boolean tellsOfTheKey(Throwable failure) {
    return failure instanceof KmsFailure kms
        && switch (kms.kind()) {
          case CIPHERTEXT_REFUSED, KEY_UNUSABLE -> false;
          default -> true;
        };
  }
}
