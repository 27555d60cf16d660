package dev.keybroker.kms;

import dev.keybroker.crypto.SecretBytes;
import org.jspecify.annotations.Nullable;

/// A private key that KMS has decrypted. The holder closes it.
///
/// @param privateKey PKCS#8 DER
/// @param requestId the KMS request id, for the audit record
public record DecryptedPrivateKey(SecretBytes privateKey, @Nullable String requestId)
    implements AutoCloseable {
  @Override
  public void close() {
    privateKey.close();
  }
}
