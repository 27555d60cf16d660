package dev.keybroker.kms;

import java.util.Locale;

/// The classes of calls that a root key answers independently of each other. A throttled key pair
/// generation says nothing about decryption, and a working DescribeKey nothing about the right to
/// decrypt.
public enum KmsOperation {
  GENERATE_KEY_PAIR("kms:GenerateDataKeyPairWithoutPlaintext"),
  ENCRYPT("kms:Encrypt"),
  /// Real Decrypts and dry runs of it.
  DECRYPT("kms:Decrypt"),
  DESCRIBE_KEY("kms:DescribeKey");

  private final String action;
  private final String tag;

  KmsOperation(String action) {
    this.action = action;
    this.tag = name().toLowerCase(Locale.ROOT);
  }

  /// The permission that the call needs, as policies and failures name it.
  public String action() {
    return action;
  }

  /// The name in metrics, logs and the health page.
  public String tag() {
    return tag;
  }
}
