package dev.keybroker.kms;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import io.smallrye.mutiny.Uni;
import java.util.List;

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
  public Uni<EncryptedPrivateKey> reEncryptPrivateKey(
      KeyUse from, byte[] encryptedPrivateKey, KeyUse to) {
    return waiting(kms.reEncryptPrivateKey(from, encryptedPrivateKey, to));
  }

  @Override
  public Uni<KmsKeyDescription> describe(KeyUse use) {
    return waiting(kms.describe(use));
  }

  @Override
  public Uni<CreatedGrant> createGrant(
      KeyUse use, String name, String grantee, List<String> operations) {
    return waiting(kms.createGrant(use, name, grantee, operations));
  }

  @Override
  public Uni<Void> retireGrant(KmsKey key) {
    return waiting(kms.retireGrant(key));
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
