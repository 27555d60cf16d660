package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.keybroker.policy.Access;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Encrypt, Decrypt and ReEncrypt.
final class CryptoOperations {

  private static final int MAX_PLAINTEXT_BYTES = 4096;
  private static final int MAX_CIPHERTEXT_BYTES = 6144;

  private final KeyFinder finder;
  private final KmsAccess access;
  private final Materials materials;

  CryptoOperations(KeyFinder finder, KmsAccess access, Materials materials) {
    this.finder = finder;
    this.access = access;
    this.materials = materials;
  }

  void register(Map<String, KmsAction> operations) {
    operations.put("Encrypt", this::encrypt);
    operations.put("Decrypt", this::decrypt);
    operations.put("ReEncrypt", this::reEncrypt);
  }

  private ObjectNode encrypt(KmsRequest request) {
    byte[] plaintext = request.blob("Plaintext", MAX_PLAINTEXT_BYTES);
    Map<String, String> context = request.pairs("EncryptionContext");
    KeyFinder.Found found = finder.find(request, request.required("KeyId"));
    access.check(request, "Encrypt", found, context);
    KmsKey key = KeyChecks.usableForEncryption(found.key(), "Encrypt");
    request.endDryRun();
    return Json.object()
        .put("CiphertextBlob", materials.encrypt(key, context, plaintext))
        .put("KeyId", key.arn())
        .put("EncryptionAlgorithm", KmsKey.SYMMETRIC);
  }

  private ObjectNode decrypt(KmsRequest request) {
    Ciphertext ciphertext = materials.parse(request.blob("CiphertextBlob", MAX_CIPHERTEXT_BYTES));
    Map<String, String> context = request.pairs("EncryptionContext");
    KeyFinder.Found found = keyOf(request, ciphertext, request.text("KeyId"));
    access.check(request, "Decrypt", found, context);
    KmsKey key = KeyChecks.usableForEncryption(found.key(), "Decrypt");
    checkSame(key, ciphertext);
    byte[] plaintext = materials.decrypt(key, ciphertext, context);
    request.endDryRun();
    return Json.object()
        .put("KeyId", key.arn())
        .put("Plaintext", plaintext)
        .put("EncryptionAlgorithm", KmsKey.SYMMETRIC);
  }

  private ObjectNode reEncrypt(KmsRequest request) {
    Ciphertext ciphertext = materials.parse(request.blob("CiphertextBlob", MAX_CIPHERTEXT_BYTES));
    Map<String, String> sourceContext = request.pairs("SourceEncryptionContext");
    Map<String, String> destinationContext = request.pairs("DestinationEncryptionContext");
    KeyFinder.Found source = keyOf(request, ciphertext, request.text("SourceKeyId"));
    KeyFinder.Found destination = finder.find(request, request.required("DestinationKeyId"));
    access.check(request, "ReEncryptFrom", source, sourceContext);
    access.check(request, "ReEncryptTo", destination, destinationContext);
    KmsKey from = KeyChecks.usableForEncryption(source.key(), "ReEncrypt");
    KmsKey to = KeyChecks.usableForEncryption(destination.key(), "ReEncrypt");
    checkSame(from, ciphertext);
    byte[] plaintext = materials.decrypt(from, ciphertext, sourceContext);
    request.endDryRun();
    return Json.object()
        .put("CiphertextBlob", materials.encrypt(to, destinationContext, plaintext))
        .put("SourceKeyId", from.arn())
        .put("KeyId", to.arn())
        .put("SourceEncryptionAlgorithm", KmsKey.SYMMETRIC)
        .put("DestinationEncryptionAlgorithm", KmsKey.SYMMETRIC);
  }

  /// The key that the request names, otherwise the one that the ciphertext names in this region.
  private KeyFinder.Found keyOf(
      KmsRequest request, Ciphertext ciphertext, @Nullable String reference) {
    if (reference != null) {
      return finder.find(request, reference);
    }
    String arn = Arns.key(ciphertext.account(), request.region(), ciphertext.keyId());
    KmsKey key = finder.get(arn);
    if (key == null) {
      throw KmsAccess.denied(
          request.caller(),
          "kms:" + (request.operation().equals("ReEncrypt") ? "ReEncryptFrom" : "Decrypt"),
          "the resource associated with this ciphertext",
          Access.NO_CROSS_ACCOUNT_RESOURCE_POLICY);
    }
    return new KeyFinder.Found(key, null);
  }

  private static void checkSame(KmsKey key, Ciphertext ciphertext) {
    if (!key.keyId().equals(ciphertext.keyId()) || !key.account().equals(ciphertext.account())) {
      throw KmsErrors.incorrectKey();
    }
  }
}
