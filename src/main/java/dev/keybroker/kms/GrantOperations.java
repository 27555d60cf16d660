package dev.keybroker.kms;

import java.util.List;
import java.util.stream.Stream;

/// The operations of a grant to the broker, by their names in `kms:CreateGrant`.
public final class GrantOperations {
  private GrantOperations() {}

  /// Returns the operations that the broker needs.
  ///
  /// @param inCustomKeyStore whether KMS makes no key pairs under the key, so that the broker makes
  ///     them and has KMS encrypt
  public static List<String> of(boolean inCustomKeyStore) {
    Stream<String> all =
        Stream.of(
            "DescribeKey",
            "GenerateDataKeyPairWithoutPlaintext",
            "Decrypt",
            "ReEncryptFrom",
            "ReEncryptTo");
    return (inCustomKeyStore ? Stream.concat(all, Stream.of("Encrypt")) : all).toList();
  }
}
