package dev.keybroker.kms;

import java.util.List;
import java.util.Locale;

/// The calls that the broker makes to AWS KMS and STS.
///
/// A root key's actions succeed or fail independently of each other: a throttled key pair
/// generation says nothing about decryption, and a working DescribeKey says nothing about the right
/// to decrypt. Only a dry run of a Decrypt counts as a Decrypt.
public enum KmsAction {
  GENERATE_KEY_PAIR("kms:GenerateDataKeyPairWithoutPlaintext"),
  ENCRYPT("kms:Encrypt"),
  DECRYPT("kms:Decrypt"),
  /// A dry run of a Decrypt.
  CHECK_DECRYPT("kms:Decrypt"),
  RE_ENCRYPT("kms:ReEncrypt"),
  DESCRIBE_KEY("kms:DescribeKey"),
  CREATE_GRANT("kms:CreateGrant"),
  RETIRE_GRANT("kms:RetireGrant"),
  ASSUME_ROLE("sts:AssumeRole"),
  GET_CALLER_IDENTITY("sts:GetCallerIdentity");

  private static final List<KmsAction> CLASSES =
      List.of(GENERATE_KEY_PAIR, ENCRYPT, DECRYPT, RE_ENCRYPT, DESCRIBE_KEY);

  private final String action;
  private final String tag;

  KmsAction(String action) {
    this.action = action;
    this.tag = name().toLowerCase(Locale.ROOT);
  }

  /// The actions for which guards and health are kept.
  public static List<KmsAction> classes() {
    return CLASSES;
  }

  /// The permission that the call needs, as policies and failures name it.
  public String action() {
    return action;
  }

  /// The name in metrics, spans, logs and the health page.
  public String tag() {
    return tag;
  }

  /// The action that this one counts as, for guards and health.
  public KmsAction health() {
    return this == CHECK_DECRYPT ? DECRYPT : this;
  }
}
