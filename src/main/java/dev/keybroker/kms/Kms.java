package dev.keybroker.kms;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import io.smallrye.mutiny.Uni;

/// The key management service that encrypts private KEKs.
///
/// Each operation is one call of the service, unless the adapter retries throttled or unreachable
/// calls within its time limit. Every Uni fails with [KmsFailure] only. Lazy: a subscription makes
/// the call, and cancelling it gives the call up. Thread-safe; holds no thread while it waits for
/// the service.
public interface Kms {
  /// Calls `kms:GenerateDataKeyPairWithoutPlaintext`. A retry makes another pair and loses only the
  /// first one. Fails with `KEY_UNUSABLE` for keys in custom key stores.
  Uni<GeneratedKeyPair> generateKeyPair(KeyUse use, KeyPairSpec spec);

  /// Calls `kms:Encrypt` for a private key (PKCS#8 DER, at most 4,096 bytes).
  Uni<EncryptedPrivateKey> encryptPrivateKey(KeyUse use, SecretBytes privateKey);

  /// Calls `kms:Decrypt` for a private key, with the given KeyId. The caller closes the result.
  Uni<DecryptedPrivateKey> decryptPrivateKey(KeyUse use, byte[] encryptedPrivateKey);

  /// Calls `kms:Decrypt` for a private key with `DryRun`. It fails as the real call would and
  /// decrypts nothing.
  Uni<Void> checkDecrypt(KeyUse use, byte[] encryptedPrivateKey);

  /// Calls `kms:DescribeKey`.
  Uni<KmsKeyDescription> describe(KmsKey key);

  /// Calls `sts:AssumeRole` with the role's external id, even if there are credentials of the role.
  Uni<Void> assumeRole(AssumedRole role);

  /// Calls `sts:GetCallerIdentity` and returns the ARN of the broker's own principal.
  Uni<String> ownPrincipal();
}
