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
  public Uni<GeneratedKeyPair> generateKeyPair(KeyUse use, KeyPairSpec spec) {
    return waiting(kms.generateKeyPair(use, spec));
  }

  @Override
  public Uni<EncryptedPrivateKey> encryptPrivateKey(KeyUse use, SecretBytes privateKey) {
    return waiting(kms.encryptPrivateKey(use, privateKey));
  }

  @Override
  public Uni<DecryptedPrivateKey> decryptPrivateKey(KeyUse use, byte[] encryptedPrivateKey) {
    return waiting(kms.decryptPrivateKey(use, encryptedPrivateKey));
  }

  @Override
  public Uni<Void> checkDecrypt(KeyUse use, byte[] encryptedPrivateKey) {
    return waiting(kms.checkDecrypt(use, encryptedPrivateKey));
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
