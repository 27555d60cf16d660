package dev.keybroker.kms;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import io.smallrye.mutiny.Uni;
import java.util.List;

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

  /// Calls `kms:ReEncrypt` for a private key. KMS decrypts and encrypts it in one call, so both
  /// keys must share calls ([KmsKey#sharesCallsWith]). The call counts as one of the new key.
  Uni<EncryptedPrivateKey> reEncryptPrivateKey(KeyUse from, byte[] encryptedPrivateKey, KeyUse to);

  /// Calls `kms:DescribeKey`, which has no encryption context.
  Uni<KmsKeyDescription> describe(KeyUse use);

  /// Calls `kms:CreateGrant` for the calls of this use, under its encryption context. An equal
  /// grant that exists is the result.
  ///
  /// @param use the key by its key ARN, and the role that may create grants
  /// @param name what an equal grant is found by
  /// @param grantee the ARN of the principal to whom the grant is, and who may retire it
  Uni<CreatedGrant> createGrant(KeyUse use, String name, String grantee, List<String> operations);

  /// Calls `kms:RetireGrant` for the grant by which a key, named by its key ARN, is reached.
  Uni<Void> retireGrant(KmsKey key);

  /// Calls `sts:AssumeRole` with the role's external id, even if there are credentials of the role.
  Uni<Void> assumeRole(AssumedRole role);

  /// Calls `sts:GetCallerIdentity` and returns the ARN of the broker's own principal.
  Uni<String> ownPrincipal();
}
