package dev.keybroker.kms;

import java.util.Locale;
import java.util.stream.Stream;

/// The state of a KMS key.
///
/// Source: AWS KMS API reference, "KeyMetadata", KeyState.
public enum KmsKeyState {
  PENDING_DELETION("PendingDeletion"),
  PENDING_REPLICA_DELETION("PendingReplicaDeletion"),
  PENDING_IMPORT("PendingImport"),
  /// The key's custom key store is disconnected.
  UNAVAILABLE("Unavailable"),
  CREATING("Creating"),
  UPDATING("Updating"),
  ENABLED("Enabled"),
  DISABLED("Disabled"),
  /// A state that this version does not know.
  OTHER("(other)");

  private final String awsName;

  KmsKeyState(String awsName) {
    this.awsName = awsName;
  }

  /// Returns the state that `kms:DescribeKey` calls by this name.
  public static KmsKeyState named(String awsName) {
    return Stream.of(values()).filter(it -> it.awsName.equals(awsName)).findFirst().orElse(OTHER);
  }

  /// Returns the state that the message of a refused call is about.
  public static KmsKeyState in(String message) {
    String text = message.toLowerCase(Locale.ROOT).replace(" ", "");
    return Stream.of(values())
        .filter(
            it ->
                text.contains(it.awsName.toLowerCase(Locale.ROOT))
                    || (it == UNAVAILABLE && text.contains("keystore")))
        .findFirst()
        .orElse(OTHER);
  }

  @Override
  public String toString() {
    return awsName;
  }
}
