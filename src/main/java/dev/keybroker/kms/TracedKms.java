package dev.keybroker.kms;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.telemetry.Spans;
import io.smallrye.mutiny.Uni;

/// A span for each call of a [Kms].
public final class TracedKms implements Kms {
  private final Kms kms;
  private final Spans spans;

  public TracedKms(Kms kms, Spans spans) {
    this.kms = kms;
    this.spans = spans;
  }

  @Override
  public Uni<GeneratedKeyPair> generateKeyPair(KmsKey key, KeyPairSpec spec, KmsContext context) {
    return spans.around(Spans.KMS + ".generate_key_pair", kms.generateKeyPair(key, spec, context));
  }

  @Override
  public Uni<EncryptedPrivateKey> encryptPrivateKey(
      KmsKey key, SecretBytes privateKey, KmsContext context) {
    return spans.around(Spans.KMS + ".encrypt", kms.encryptPrivateKey(key, privateKey, context));
  }

  @Override
  public Uni<DecryptedPrivateKey> decryptPrivateKey(
      KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return spans.around(
        Spans.KMS + ".decrypt", kms.decryptPrivateKey(key, encryptedPrivateKey, context));
  }

  @Override
  public Uni<Void> checkDecrypt(KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return spans.around(
        Spans.KMS + ".check_decrypt", kms.checkDecrypt(key, encryptedPrivateKey, context));
  }

  @Override
  public Uni<KmsKeyDescription> describe(KmsKey key) {
    return spans.around(Spans.KMS + ".describe_key", kms.describe(key));
  }

  @Override
  public Uni<Void> assumeRole(AssumedRole role) {
    return spans.around(Spans.KMS + ".assume_role", kms.assumeRole(role));
  }

  @Override
  public Uni<String> ownPrincipal() {
    return spans.around(Spans.KMS + ".get_caller_identity", kms.ownPrincipal());
  }
}
