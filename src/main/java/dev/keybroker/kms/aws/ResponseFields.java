package dev.keybroker.kms.aws;

import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.SdkBytes;

/// Reads required fields of responses.
final class ResponseFields {
  private ResponseFields() {}

  static <T> T required(@Nullable T member) {
    if (member == null) {
      throw new MalformedResponseException();
    }
    return member;
  }

  /// Returns the member's own array, not a copy. The answer must not be used any more.
  static byte[] requiredBytes(@Nullable SdkBytes member) {
    byte[] bytes = required(member).asByteArrayUnsafe();
    if (bytes.length == 0) {
      throw new MalformedResponseException();
    }
    return bytes;
  }
}
