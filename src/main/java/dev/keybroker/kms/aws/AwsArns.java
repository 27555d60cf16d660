package dev.keybroker.kms.aws;

import dev.keybroker.kms.KmsArn;
import org.jspecify.annotations.Nullable;

/// Reads the ARNs in the answers of KMS.
final class AwsArns {
  private AwsArns() {}

  /// @param called the ARN that the request named; an answer about a key elsewhere is malformed
  static KmsArn key(@Nullable String arn, KmsArn called) {
    KmsArn key = key(arn);
    if (!key.region().equals(called.region()) || !key.partition().equals(called.partition())) {
      throw new MalformedResponseException();
    }
    return key;
  }

  static KmsArn key(@Nullable String arn) {
    KmsArn key;
    try {
      key = KmsArn.parse(ResponseFields.required(arn));
    } catch (IllegalArgumentException e) {
      throw new MalformedResponseException();
    }
    if (key.isAlias()) {
      throw new MalformedResponseException();
    }
    return key;
  }
}
