package dev.keybroker.dek;

/// A result that a private KEK opened and that is not yet released to the caller.
///
/// It depends on one KMS Decrypt and may be released only until the private KEK expires. That
/// lifetime counts from the start of the Decrypt, or of a later one that KMS has admitted since.
/// The holder checks the expiry at the moment of release, however long the response waited for its
/// audit record or for other items of its batch.
public interface Releasable extends AutoCloseable {
  /// Whether the private KEK has expired.
  boolean isOver();

  /// Wipes the secrets in the result.
  @Override
  void close();
}
