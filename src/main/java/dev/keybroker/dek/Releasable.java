package dev.keybroker.dek;

/// What a private KEK opened, until it is handed to the caller.
///
/// It rests on one KMS Decrypt and may be released only until the bound of the private KEK,
/// counted from the start of that Decrypt, or of a later one that KMS has admitted meanwhile.
/// Whoever holds it checks the bound at the moment of the release, however long the answer waited
/// for its audit record or for other items of its batch.
public interface Releasable extends AutoCloseable {
  /// Whether the bound is reached.
  boolean isOver();

  /// Wipes what is secret in it.
  @Override
  void close();
}
