package dev.keybroker.kms;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import io.smallrye.mutiny.Uni;

/// The key management service that encrypts private KEKs.
///
/// Each operation is one call of the service where nothing is retried; retries of throttled or
/// unreachable calls are the adapter's, within its time limit. Every Uni fails with [KmsFailure]
/// only. Lazy: a subscription makes the call, and cancelling it gives the call up. Thread-safe;
/// holds no thread while the service is asked.
public interface Kms {
  /// `kms:GenerateDataKeyPairWithoutPlaintext`. A retry makes another pair; the first one is then
  /// lost and nothing else. Refused as `KEY_UNUSABLE` for keys in custom key stores.
  Uni<GeneratedKeyPair> generateKeyPair(KmsKey key, KeyPairSpec spec, KmsContext context);

  /// `kms:Encrypt` of a private key (PKCS#8 DER, at most 4,096 bytes).
  Uni<EncryptedPrivateKey> encryptPrivateKey(
      KmsKey key, SecretBytes privateKey, KmsContext context);

  /// `kms:Decrypt` of a private key, with the KeyId given. The caller closes what it gets.
  Uni<DecryptedPrivateKey> decryptPrivateKey(
      KmsKey key, byte[] encryptedPrivateKey, KmsContext context);

  /// `kms:Decrypt` of a private key with `DryRun`: fails as the real call would. Nothing is
  /// decrypted.
  Uni<Void> checkDecrypt(KmsKey key, byte[] encryptedPrivateKey, KmsContext context);

  /// `kms:DescribeKey`.
  Uni<KmsKeyDescription> describe(KmsKey key);

  /// `sts:AssumeRole` with the role's external id, anew, whatever credentials are at hand.
  Uni<Void> assumeRole(AssumedRole role);

  /// `sts:GetCallerIdentity`: the ARN of the broker's own principal.
  Uni<String> ownPrincipal();
}
