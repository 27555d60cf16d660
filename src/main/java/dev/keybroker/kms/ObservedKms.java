package dev.keybroker.kms;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import io.smallrye.mutiny.Uni;
import java.util.function.Function;
import java.util.function.Predicate;

/// Reports to an observer how keys answer the calls that use them.
///
/// Stands within the guard, not around it: what the guard refuses is no answer of KMS, and a call
/// that its caller gave up still has one.
///
/// An answer counts for the key that was asked for, also where a replica of it gave the answer.
///
/// An answer that says nothing about the key is not reported: a ciphertext that is not the key's, a
/// key pair that KMS makes under no key of this kind, and whatever is asked of an alias in vain.
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
        key,
        context,
        KmsOperation.GENERATE_KEY_PAIR,
        kms.generateKeyPair(key, spec, context),
        GeneratedKeyPair::keyArn,
        ObservedKms::isAboutTheKey);
  }

  @Override
  public Uni<EncryptedPrivateKey> encryptPrivateKey(
      KmsKey key, SecretBytes privateKey, KmsContext context) {
    return observed(
        key,
        context,
        KmsOperation.ENCRYPT,
        kms.encryptPrivateKey(key, privateKey, context),
        EncryptedPrivateKey::keyArn,
        ObservedKms::isAboutTheKey);
  }

  @Override
  public Uni<DecryptedPrivateKey> decryptPrivateKey(
      KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return observed(
        key,
        context,
        KmsOperation.DECRYPT,
        kms.decryptPrivateKey(key, encryptedPrivateKey, context),
        decrypted -> key.arn(),
        ObservedKms::isAboutTheKey);
  }

  /// Whatever it answers is reported: whoever checks has the ciphertext that matters.
  @Override
  public Uni<Void> checkDecrypt(KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return observed(
        key,
        context,
        KmsOperation.DECRYPT,
        kms.checkDecrypt(key, encryptedPrivateKey, context),
        admitted -> key.arn(),
        failure -> true);
  }

  /// Not observed: it has no encryption context, and says nothing about a use.
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
      KmsKey key,
      KmsContext context,
      KmsOperation operation,
      Uni<T> call,
      Function<T, KmsArn> reportedKey,
      Predicate<KmsFailure> isReported) {
    return Uni.createFrom()
        .deferred(
            () -> {
              long begun = ticker.read();
              return call.invoke(
                      answer ->
                          observer.ended(
                              new KeyUse(
                                  key.arn().isAlias()
                                      ? new KmsKey(reportedKey.apply(answer), key.role())
                                      : key,
                                  context),
                              operation,
                              begun,
                              null))
                  .onFailure(KmsFailure.class)
                  .invoke(
                      trouble -> {
                        KmsFailure failure = (KmsFailure) trouble;
                        if (!key.arn().isAlias() && isReported.test(failure)) {
                          observer.ended(new KeyUse(key, context), operation, begun, failure);
                        }
                      });
            });
  }

  private static boolean isAboutTheKey(KmsFailure failure) {
    return switch (failure.kind()) {
      case CIPHERTEXT_REFUSED, KEY_UNUSABLE -> false;
      default -> true;
    };
  }
}
