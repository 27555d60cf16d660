package dev.keybroker.kms;

import java.util.Map;

/// The encryption context of KMS calls: non-secret pairs that KMS binds to a ciphertext as
/// additional authenticated data, writes to CloudTrail and offers to key policies as
/// `kms:EncryptionContext:…`.
public record KmsContext(Map<String, String> pairs) {
  public static final KmsContext NONE = new KmsContext(Map.of());

  public KmsContext {
    pairs = Map.copyOf(pairs);
  }
}
