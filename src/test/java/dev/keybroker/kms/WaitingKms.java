package dev.keybroker.kms;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import io.smallrye.mutiny.Uni;

/// Holds the subscriber's thread until the call has ended: for tests that run on one thread.
public record WaitingKms(Kms kms) implements Kms {
  private static <T> Uni<T> waiting(Uni<T> call) {
    return Uni.createFrom().item(() -> call.await().indefinitely());
  }

  @Override
  public Uni<GeneratedKeyPair> generateKeyPair(KmsKey key, KeyPairSpec spec, KmsContext context) {
    return waiting(kms.generateKeyPair(key, spec, context));
  }

  @Override
  public Uni<EncryptedPrivateKey> encryptPrivateKey(
      KmsKey key, SecretBytes privateKey, KmsContext context) {
    return waiting(kms.encryptPrivateKey(key, privateKey, context));
  }

  @Override
  public Uni<DecryptedPrivateKey> decryptPrivateKey(
      KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return waiting(kms.decryptPrivateKey(key, encryptedPrivateKey, context));
  }

  @Override
  public Uni<Void> checkDecrypt(KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return waiting(kms.checkDecrypt(key, encryptedPrivateKey, context));
  }

  @Override
  public Uni<KmsKeyDescription> describe(KmsKey key) {
    return waiting(kms.describe(key));
  }

  @Override
  public Uni<Void> assumeRole(AssumedRole role) {
    return waiting(kms.assumeRole(role));
  }

  @Override
  public Uni<String> ownPrincipal() {
    return waiting(kms.ownPrincipal());
  }
}
