package dev.keybroker.embedded.kms;

/// The long-term credentials of a user or of an account's root.
///
/// @param arn the principal's ARN
public record LocalCredentials(
    String account, String arn, String accessKeyId, String secretAccessKey) {

  @Override
  public String toString() {
    return "LocalCredentials[" + arn + ", " + accessKeyId + "]";
  }
}
