package dev.keybroker.embedded.kms;

import org.jspecify.annotations.Nullable;

/// Tells which key a KMS request is about, for fault rules and call counts; never refuses.
final class KeyTarget {

  private static final int MAX_CIPHERTEXT_BYTES = 6144;

  private final KeyFinder finder;
  private final Materials materials;

  KeyTarget(KeyFinder finder, Materials materials) {
    this.finder = finder;
    this.materials = materials;
  }

  /// The ARN of the key that the request names, or else of the one that its ciphertext names; null
  /// if there is none.
  @Nullable String of(KmsRequest request) {
    try {
      for (String member : new String[] {"KeyId", "SourceKeyId", "TargetKeyId"}) {
        String reference = request.text(member);
        if (reference != null) {
          return finder.find(request, reference).key().arn();
        }
      }
      if (request.has("CiphertextBlob")) {
        Ciphertext ciphertext =
            materials.parse(request.blob("CiphertextBlob", MAX_CIPHERTEXT_BYTES));
        return Arns.key(ciphertext.account(), request.region(), ciphertext.keyId());
      }
      return null;
    } catch (AwsException e) {
      return null;
    }
  }
}
